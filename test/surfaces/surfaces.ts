/**
 * The surfaces that an operation can be called through, each over a home of its own that was prepared in
 * the same way: the operation itself, the command line, the MCP tool, the HTTP API.
 */
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createApi } from '../../src/http/api.ts';
import type { Handler } from '../../src/http/server.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';
import { QUIET } from '../http/api-world.ts';
import { call, freshHome, type Home, openSession } from '../mcp/session.ts';

export interface Way {
  /** What the operation is given, as itself and over HTTP. */
  readonly input: object;
  /** The command line; null where commands only use it inside. `$HOME` is the home. */
  readonly cli: readonly string[] | null;
  /** The command prints a line of JSON for each item: under this name in the operation's answer. */
  readonly lines?: string;
  /** The command prints only what the operation's answer has under this name. */
  readonly under?: string;
  /** The tool; null where there is none. */
  readonly mcp: { readonly tool: string; readonly args: object } | null;
}

/** What came back: a value, or the code of an error. */
export type Outcome = { readonly value: unknown } | { readonly code: string };

export interface Prepared {
  /** Files to be in the home, by name. */
  readonly files?: Readonly<Record<string, unknown>>;
  readonly prepare?: (app: App) => Promise<unknown>;
}

export interface ParityCase extends Way, Prepared {
  /** What has to be the same; left out: all of it. */
  readonly same?: readonly string[];
  /** A call that is refused, and how; left out: a field that nobody has. */
  readonly refused?: Way & { readonly code: string };
}

/** Somebody at this machine. */
export const PERSON: CallContext = {
  caller: { agentId: 'cli:ann', role: 'local', sender: 'person' },
  exec: { cwd: '/', env: {} },
};

/** A prepared home with its application open. */
export interface World {
  readonly app: App;
  readonly home: Home;
}

/** Does something in a prepared home. */
export async function inWorld<T>(
  prepared: Prepared,
  act: (world: World) => Promise<T>,
): Promise<T> {
  const home = freshHome();
  try {
    for (const [name, content] of Object.entries(prepared.files ?? {})) {
      await Bun.write(join(home.path, name), JSON.stringify(content));
    }
    const config = loadConfig({ flags: {}, env: { HOME: home.path }, home: home.path });
    const app = await openApp(config, { execute: true, log: QUIET });
    try {
      await prepared.prepare?.(app);
      return await act({ app, home });
    } finally {
      await app.close();
    }
  } finally {
    home.remove();
  }
}

const codeOf = (thrown: unknown): string => {
  const { code } = thrown as { code?: unknown };
  if (typeof code !== 'string') throw thrown;
  return code;
};

const filled = <T>(value: T, home: Home): T =>
  JSON.parse(JSON.stringify(value).replaceAll('$HOME', home.path)) as T;

type Calls = Readonly<Record<string, (ctx: CallContext, input: object) => unknown>>;

/** The operation itself; a stream is the list of its items. */
export async function directly(name: string, way: Way, { app, home }: World): Promise<Outcome> {
  try {
    const answer = (app.ops as unknown as Calls)[name]?.(PERSON, filled(way.input, home));
    if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) {
      return { value: await answer };
    }
    return { value: await Array.fromAsync(answer as AsyncIterable<unknown>) };
  } catch (thrown) {
    return { code: codeOf(thrown) };
  }
}

/** The HTTP API, by POST or GET. */
export async function overHttp(
  method: 'GET' | 'POST',
  name: string,
  way: Way,
  { app, home }: World,
): Promise<Outcome> {
  const input = filled(way.input, home);
  const api = createApi({ ops: app.ops, log: QUIET, stopping: new AbortController().signal });
  const path = `/api/v1/${name}`;
  const handle: Handler | undefined = api.routes[path]?.methods[method];
  if (handle === undefined) throw new Error(`${method} ${path} is not there`);
  const url = `http://127.0.0.1${path}`;
  const request =
    method === 'GET'
      ? new Request(`${url}?${queryOf(input)}`)
      : new Request(url, { method, body: JSON.stringify(input) });
  const response = await handle(request, {
    caller: PERSON.caller,
    params: {},
    unwelcome: new AbortController().signal,
  });
  const text = await response.text();
  if (response.headers.get('content-type') === 'text/event-stream') {
    const items = [...text.matchAll(/^id: .*\ndata: (.*)$/gm)];
    return { value: items.map(([, data]) => JSON.parse(data ?? '')) };
  }
  const body = JSON.parse(text);
  return response.ok ? { value: body } : { code: body.error.code };
}

/** An input as a query string: texts as they are, anything else as JSON. */
function queryOf(input: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input)) {
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return query;
}

/** The command line, with `--json`. */
export async function onCommandLine(way: Way, { home }: World): Promise<Outcome> {
  const terminal = fakeTerminal();
  const env = { OPCODE_HOME: home.path, PATH: process.env.PATH, HOME: home.path };
  await execute([...filled(way.cli ?? [], home), '--json'], terminal, env);
  const text = terminal.stdout.text();
  const texts = text.trimEnd().split('\n');
  const last = JSON.parse(way.lines === undefined ? text : (texts.at(-1) ?? '{}'));
  const error = last?.error;
  const isRefusal = Object.keys(last ?? {}).join() === 'error' && typeof error?.code === 'string';
  if (isRefusal) return { code: error.code };
  if (way.lines === undefined)
    return { value: way.under === undefined ? last : { [way.under]: last } };
  const items = texts.map((line) => JSON.parse(line));
  return { value: way.lines === '' ? items : { [way.lines]: items } };
}

/** The MCP tool. */
export async function overMcp(
  { tool, args }: NonNullable<Way['mcp']>,
  { home }: World,
): Promise<Outcome> {
  const session = await openSession(home);
  try {
    const called = await call(session.client, tool, { ...filled(args, home), max_bytes: 1e6 });
    if (called.isError) return { code: /^\[([A-Z_]+)\]/.exec(called.text)?.[1] ?? called.text };
    const { data, text } = called;
    return { value: Object.keys(data).length === 0 ? { text } : data };
  } finally {
    await session.close();
  }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Who calls and from where is told by the surface, and so may differ. */
const OF_CALLER = new Set([
  'agent_id',
  'by',
  'created_by',
  'resolved_by',
  'exec',
  'trigger',
  'working_dir',
]);

/** A value without what differs from home to home: ids, times, durations, who called. */
export function comparable(value: unknown): unknown {
  if (typeof value === 'string') return TIME.test(value) ? '<time>' : value.replace(ID, '<id>');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key, inner]) => !OF_CALLER.has(key) && inner !== undefined)
    .map(([key, inner]) => [key, /_ms$|^pid$|^bytes/.test(key) ? 0 : comparable(inner)]);
  return Object.fromEntries(entries);
}
