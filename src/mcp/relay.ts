/**
 * `opcode mcp` as a client of the daemon: lines from standard input go to it, its lines to standard
 * output. Executes nothing and knows nothing of tools but which calls may be sent twice.
 *
 * When the daemon goes away under it, the session is made again at the next one: what the client has
 * set up is said again, and calls in flight are sent again under the key they carried, so that nothing
 * is started or applied twice. A call that fails again is answered with what is known.
 */

import { randomUUID } from 'node:crypto';
import { AppError, messageOf } from '../model/error.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { parseJson, printJson } from '../model/json-text.ts';
import type { Logger } from '../model/ports.ts';
import { failureResult } from './answers.ts';
import { refusedLine } from './refused-line.ts';
import { toolNamed } from './tool-names.ts';

/** The other side of the relay: a daemon, or this very process when there can be none. */
export interface Upstream {
  send(line: string): void;
  onLine(take: (line: string) => void): void;
  /** Called once when it has gone away. */
  onClose(gone: () => void): void;
  close(): void;
}

export interface RelayParts {
  /** Finds the daemon; `start`: starts one when none lives. Null when none lives and none is to be started. */
  readonly connect: (start: boolean) => Promise<Upstream | null>;
  /** Lines to the client. */
  readonly toClient: (line: string) => void;
  readonly log: Logger;
}

export interface Relay {
  fromClient(line: string): void;
  close(): void;
}

interface Call {
  readonly line: string;
  readonly message: JsonObject;
  /** How often it has been sent. */
  sent: number;
}

interface State {
  readonly parts: RelayParts;
  upstream: Upstream | null;
  connecting: boolean;
  closed: boolean;
  /** Lines of the client that wait for an upstream. */
  waiting: string[];
  /** Requests of the client without an answer, by their id as JSON. */
  readonly calls: Map<string, Call>;
  /** Requests of the upstream that the client has not answered. */
  readonly asked: Set<string>;
  /** What the client has set up, to be said again: by what it is about. */
  readonly setup: Map<string, string>;
  /** Ids of requests that the relay itself has made. */
  readonly own: Map<string, () => void>;
}

/** Longer messages would end the session at the daemon. */
const MAX_MESSAGE_CHARS = 4 * 1024 * 1024;
/** How often one call is sent before it is given up. */
const MAX_SENDS = 2;
/** How often it is looked for a daemon that somebody else starts, while nobody asks for anything. */
const LOOK_MS = 1000;

/** A relay that connects at once. */
export function createRelay(parts: RelayParts): Relay {
  const state: State = {
    parts,
    upstream: null,
    connecting: false,
    closed: false,
    waiting: [],
    calls: new Map(),
    asked: new Set(),
    setup: new Map(),
    own: new Map(),
  };
  void reconnect(state, true);
  return {
    fromClient: (line) => fromClient(state, line),
    close() {
      state.closed = true;
      state.upstream?.close();
    },
  };
}

function fromClient(state: State, given: string): void {
  const message = parsed(given);
  if (given.length > MAX_MESSAGE_CHARS) {
    refuseLong(state, message);
    return;
  }
  const refused = refusedLine(given);
  if (refused !== null) {
    state.parts.toClient(refused);
    return;
  }
  const { line, keep } =
    message === null ? { line: given, keep: true } : noted(state, message, given);
  if (!keep) return;
  if (state.upstream !== null) state.upstream.send(line);
  else {
    state.waiting.push(line);
    void reconnect(state, true);
  }
}

function refuseLong({ parts }: State, message: JsonObject | null): void {
  const error = { code: -32_600, message: `a message has at most ${MAX_MESSAGE_CHARS} characters` };
  parts.toClient(JSON.stringify({ jsonrpc: '2.0', id: message?.id ?? null, error }));
}

/** Remembers what a message of the client means; `keep`: it is still of use to the upstream. */
function noted(
  state: State,
  message: JsonObject,
  given: string,
): { readonly line: string; readonly keep: boolean } {
  const { method } = message;
  if (typeof method !== 'string') {
    // An answer; one to a daemon that is gone helps nobody.
    return { line: given, keep: state.asked.delete(JSON.stringify(message.id)) };
  }
  if (message.id === undefined) {
    if (method === 'notifications/initialized') state.setup.set(method, given);
    if (method === 'notifications/cancelled' && isJsonObject(message.params)) {
      return { line: given, keep: !takenBack(state, JSON.stringify(message.params.requestId)) };
    }
    return { line: given, keep: true };
  }
  const line = repeatable(message, given);
  const about = setupKey(method, message.params);
  if (about !== null) state.setup.set(about, line);
  if (method === 'resources/unsubscribe') {
    state.setup.delete(setupKey('resources/subscribe', message.params) ?? '');
  }
  state.calls.set(JSON.stringify(message.id), { line, message, sent: 1 });
  return { line, keep: true };
}

/** Forgets a call; true when it has not been sent yet, and never will be. */
function takenBack(state: State, id: string): boolean {
  const call = state.calls.get(id);
  // The protocol has no way to cancel this one.
  if (call === undefined || call.message.method === 'initialize') return false;
  state.calls.delete(id);
  const before = state.waiting.length;
  state.waiting = state.waiting.filter((line) => line !== call.line);
  return state.waiting.length < before;
}

/** What a request sets up for the session, null when nothing. */
function setupKey(method: string, params: JsonObject[string] | undefined): string | null {
  if (method === 'initialize' || method === 'logging/setLevel') return method;
  if (method !== 'resources/subscribe' || params === undefined || !isJsonObject(params))
    return null;
  return `${method} ${String(params.uri)}`;
}

/** The call with a key that makes it safe to send twice, when it has none. */
function repeatable(message: JsonObject, given: string): string {
  const { params } = message;
  if (message.method !== 'tools/call' || params === undefined || !isJsonObject(params))
    return given;
  const tool = typeof params.name === 'string' ? toolNamed(params.name) : null;
  if (tool !== 'run' && tool !== 'signal') return given;
  const args = params.arguments ?? {};
  if (!isJsonObject(args) || args.idempotency_key !== undefined || args.dry_run === true) {
    return given;
  }
  const keyed = { ...args, idempotency_key: `mcp-${randomUUID()}` };
  return printJson({ ...message, params: { ...params, arguments: keyed } });
}

function fromUpstream(state: State, line: string): void {
  const message = parsed(line);
  if (message?.id !== undefined) {
    const id = JSON.stringify(message.id);
    if (message.method === undefined) {
      const own = state.own.get(id);
      if (own !== undefined) {
        own();
        return;
      }
      state.calls.delete(id);
    } else state.asked.add(id);
  }
  state.parts.toClient(line);
}

/** Connects and says again what was set up; what waits is sent then. */
async function reconnect(state: State, start: boolean): Promise<void> {
  if (state.connecting || state.closed || state.upstream !== null) return;
  state.connecting = true;
  const { parts } = state;
  try {
    const upstream = await parts.connect(start);
    if (upstream !== null) await adopt(state, upstream);
  } catch (thrown) {
    parts.log.error('no daemon can be reached', { error: messageOf(thrown) });
    failAll(state, thrown);
  } finally {
    state.connecting = false;
  }
  if (state.upstream !== null || state.closed) return;
  const isAsked = state.waiting.length > 0 || state.calls.size > 0;
  if (isAsked) void reconnect(state, true);
  else setTimeout(() => void reconnect(state, false), LOOK_MS).unref();
}

async function adopt(state: State, upstream: Upstream): Promise<void> {
  if (state.closed) {
    upstream.close();
    return;
  }
  const gone = new Promise<void>((resolve) => upstream.onClose(resolve));
  let isGone = false;
  upstream.onLine((line) => fromUpstream(state, line));
  // Calls that were made before this upstream; those that only wait are sent with what waits.
  const again = [...state.calls].filter(([, call]) => !state.waiting.includes(call.line));
  const isFirst = again.length === 0 && !hasBegun(state);
  void gone.then(() => {
    isGone = true;
    if (state.upstream === upstream) state.upstream = null;
    state.asked.clear();
    for (const settle of [...state.own.values()]) settle();
    // What is in flight is asked for again; else one waits for whoever starts the next.
    if (!state.connecting) void reconnect(state, state.calls.size > 0);
  });
  if (!isFirst) await setUpAgain(state, upstream);
  if (isGone) return;
  for (const [id, call] of again) sendAgain(state, upstream, id, call);
  const { waiting } = state;
  state.waiting = [];
  state.upstream = upstream;
  for (const line of waiting) upstream.send(line);
}

/** True when the client has been answered to its `initialize` by an upstream before. */
const hasBegun = (state: State): boolean => {
  const first = state.setup.get('initialize');
  return first !== undefined && !state.waiting.includes(first);
};

async function setUpAgain(state: State, upstream: Upstream): Promise<void> {
  for (const [about, line] of state.setup) {
    if (state.waiting.includes(line) || isOpen(state, line)) continue;
    const message = parsed(line);
    if (message === null) continue;
    if (about.startsWith('notifications/')) upstream.send(line);
    else await askOwn(state, upstream, message);
  }
}

const isOpen = (state: State, line: string): boolean =>
  [...state.calls.values()].some((call) => call.line === line);

/** A request of the relay itself; its answer is for nobody. Resolves at the answer, or at the end. */
function askOwn(state: State, upstream: Upstream, message: JsonObject): Promise<void> {
  const id = `relay-${randomUUID()}`;
  return new Promise((resolve) => {
    const key = JSON.stringify(id);
    state.own.set(key, () => {
      state.own.delete(key);
      resolve();
    });
    upstream.send(printJson({ ...message, id }));
  });
}

function sendAgain(state: State, upstream: Upstream, id: string, call: Call): void {
  call.sent += 1;
  if (call.sent <= MAX_SENDS) {
    upstream.send(call.line);
    return;
  }
  const error = new AppError(
    'ACTION_UNAVAILABLE',
    'the daemon ended twice while it answered this',
    {
      hint: 'what was started goes on by itself: query workflows shows it, the log of the daemon why it ended',
    },
  );
  fail(state, id, call, error);
}

function failAll(state: State, thrown: unknown): void {
  state.waiting = [];
  for (const [id, call] of [...state.calls]) fail(state, id, call, thrown);
}

/** Answers for an upstream that cannot. */
function fail(state: State, id: string, { message }: Call, thrown: unknown): void {
  state.calls.delete(id);
  const answer =
    message.method === 'tools/call'
      ? { result: failureResult(thrown) }
      : { error: { code: -32_603, message: messageOf(thrown) } };
  state.parts.toClient(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer }));
}

/** One message; null for what is none (a batch, nonsense), which passes as it is. */
function parsed(line: string): JsonObject | null {
  try {
    const value: unknown = parseJson(line);
    return isJsonObject(value) ? value : null;
  } catch {
    // Whoever gets it says what is wrong with it.
    return null;
  }
}
