/**
 * What a session is told without having asked: decisions that wait for an answer, messages of
 * `workflow.notify`, and changes of the runs it has subscribed to.
 *
 * What is addressed to an agent reaches only the sessions in which that agent has spoken. What it could
 * not be told is kept, and told as soon as it speaks or can be reached.
 */
import type { Server } from '@modelcontextprotocol/server';
import { messageOf } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Audience, KeptMessages, ToldEvent } from '../model/notice.ts';
import type { Logger } from '../model/ports.ts';
import type { EventFeed } from './event-feed.ts';
import { LOG_LEVELS, type LogLevel } from './request-params.ts';
import { runUris } from './resource-uris.ts';
import { type Spelling, spelled } from './tool-names.ts';

/** What is known of a session. */
export interface SessionState {
  /** Names under which it has spoken. */
  readonly agents: Set<string>;
  /** Resources it has subscribed to. */
  readonly uris: Set<string>;
  /** True when its transport knows that, and lets pass what is listened to. */
  readonly sortsUris: boolean;
  /** The least level that the client asked to be told of; null before it did. */
  level: LogLevel | null;
}

/** True when the client wants to be told of what has this level. */
export const hears = ({ level: least }: SessionState, level: LogLevel): boolean =>
  least === null || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);

interface Notice {
  readonly level: 'debug' | 'info' | 'notice' | 'warning' | 'error';
  readonly data: JsonObject;
  readonly agent: string | null;
}

/** Changes of one resource are told at most this often. */
const UPDATE_GAP_MS = 200;

/** Whether what is sent unasked reaches the client, and who wants to know when it begins to. */
export interface Hearing {
  readonly isOpen: () => boolean;
  onOpen: (() => void) | null;
}

/** A session that hears over streams which its client opens besides its requests. */
export interface StreamHearing extends Hearing {
  /** A stream is open until the returned function is called. */
  opened(): () => void;
}

/** Nothing is heard before the first stream is open. */
export function createStreamHearing(): StreamHearing {
  let streams = 0;
  const hearing: StreamHearing = {
    isOpen: () => streams > 0,
    onOpen: null,
    opened() {
      streams += 1;
      hearing.onOpen?.();
      let isOver = false;
      return () => {
        if (!isOver) streams -= 1;
        isOver = true;
      };
    },
  };
  return hearing;
}

/** What is kept for agents that are away, and who is here. */
export interface ToldPorts {
  readonly kept: KeptMessages;
  readonly audience: Audience;
}

export type Say = (level: Notice['level'], data: JsonObject) => Promise<void>;

interface TellerParts {
  readonly server: Server;
  readonly feed: EventFeed;
  readonly log: Logger;
  readonly spelling: Spelling;
  readonly state: SessionState;
  readonly told: ToldPorts | null;
  readonly hearing: Hearing;
}

export interface Teller {
  /**
   * An agent is in this session from now on. What was kept for it is told by `say`, the answer to its
   * request; null: it cannot be told there.
   */
  speaks(agent: string, say: Say | null): void;
  /** Tells what happens, until `stop`. */
  start(): void;
  stop(): void;
}

/** Agents for which one session may speak and hear; further ones speak, and are told nothing. */
const MAX_AGENTS = 100;

/** Events that a session is known to have been told of; the oldest are forgotten. */
const MAX_SHOWN = 2000;

/** Questions to anybody that an agent which comes is told one by one; of more it hears once that there are some. */
const MAX_OPEN_QUESTIONS = 3;

interface Telling extends TellerParts {
  readonly shown: Set<string>;
  /** It has heard that many questions are open. */
  hasHeardOfMany: boolean;
  /** Over the session itself. */
  readonly say: Say;
}

/** Tells one session what it did not ask for: each event once, whatever way it comes. */
export function createTeller(parts: TellerParts): Teller {
  const { server, state, told, hearing } = parts;
  const say: Say = async (level, data) => {
    if (!hears(state, level)) return;
    await server.sendLoggingMessage({ level, logger: 'opcode', data }, server.transport?.sessionId);
  };
  const telling: Telling = { ...parts, shown: new Set(), hasHeardOfMany: false, say };
  const leaving: (() => void)[] = [];
  let isStarted = false;
  const join = (agent: string): void => {
    if (told !== null) leaving.push(told.audience.join(agent, hearing.isOpen));
  };
  const catchUpAll = (): void => {
    if (hearing.isOpen()) for (const agent of state.agents) catchUp(telling, agent, say);
  };
  return {
    speaks(agent, sayBack) {
      if (!state.agents.has(agent) && state.agents.size >= MAX_AGENTS) return;
      if (!state.agents.has(agent) && isStarted) join(agent);
      state.agents.add(agent);
      if (sayBack !== null) catchUp(telling, agent, sayBack);
    },
    start() {
      if (isStarted) return;
      isStarted = true;
      leaving.push(tellLive(telling));
      for (const agent of state.agents) join(agent);
      hearing.onOpen = catchUpAll;
      catchUpAll();
    },
    stop() {
      hearing.onOpen = null;
      for (const leave of leaving.splice(0)) leave();
    },
  };
}

/** Tells the session what is committed, until the returned function is called. */
function tellLive(telling: Telling): () => void {
  const { server, feed, log, spelling, state, hearing, say } = telling;
  const due = new Map<string, ReturnType<typeof setTimeout>>();
  const update = (uri: string): void => {
    if (due.has(uri) || !(state.sortsUris || state.uris.has(uri))) return;
    const later = setTimeout(() => {
      due.delete(uri);
      server.sendResourceUpdated({ uri }).catch((thrown: unknown) => notTold(log, thrown));
    }, UPDATE_GAP_MS);
    due.set(uri, later);
  };
  const unsubscribe = feed.subscribe((event) => {
    for (const uri of runUris(event.workflow_id)) update(uri);
    const notice = noticeOf(event, spelling);
    if (notice === null || (notice.agent !== null && !state.agents.has(notice.agent))) return;
    // Who cannot hear now is told when it speaks.
    if (!hearing.isOpen()) return;
    const agents = notice.agent === null ? [...state.agents] : [notice.agent];
    tellOnce(telling, event, notice, agents, say);
  });
  return () => {
    unsubscribe();
    for (const timer of due.values()) clearTimeout(timer);
    due.clear();
  };
}

/** Tells an agent what it was not told of while it was away. */
function catchUp(telling: Telling, agent: string, say: Say): void {
  const untold = telling.told?.kept.untold(agent) ?? [];
  const open = untold.filter(isQuestionToAnybody);
  const isMany = telling.hasHeardOfMany || open.length > MAX_OPEN_QUESTIONS;
  if (isMany && open.length > 0) tellOfMany(telling, open, agent, say);
  for (const event of isMany ? untold.filter((each) => !isQuestionToAnybody(each)) : untold) {
    const notice = noticeOf(event, telling.spelling);
    if (notice === null) continue;
    const data = { ...notice.data, sent_at: event.timestamp };
    tellOnce(telling, event, { ...notice, data }, [agent], say);
  }
}

const isQuestionToAnybody = ({ event_type: type, payload }: ToldEvent): boolean =>
  type === 'decision_requested' &&
  isJsonObject(payload ?? null) &&
  (payload as JsonObject).target_agent === undefined;

/** One message in place of many; a session is told so once. */
function tellOfMany(telling: Telling, events: readonly ToldEvent[], agent: string, say: Say): void {
  if (telling.hasHeardOfMany) return;
  telling.hasHeardOfMany = true;
  const { spelling, told, log } = telling;
  const filter = { status: 'pending' };
  const data: JsonObject = {
    message: `${events.length} or more decisions that anybody may make wait for an answer`,
    next: { tool: spelled('query', spelling), arguments: { resource: 'decisions', filter } },
  };
  say('notice', data).then(
    () => {
      for (const event of events) told?.kept.markTold(event, [agent]);
    },
    (thrown: unknown) => {
      telling.hasHeardOfMany = false;
      notTold(log, thrown);
    },
  );
}

function tellOnce(
  { shown, told, log }: Telling,
  event: ToldEvent,
  { level, data }: Notice,
  agents: readonly string[],
  say: Say,
): void {
  const key = `${event.workflow_id} ${event.sequence}`;
  if (shown.has(key)) return;
  shown.add(key);
  if (shown.size > MAX_SHOWN) shown.delete(shown.values().next().value ?? key);
  say(level, data).then(
    () => told?.kept.markTold(event, agents),
    (thrown: unknown) => {
      shown.delete(key);
      notTold(log, thrown);
    },
  );
}

const notTold = (log: Logger, thrown: unknown): void =>
  log.debug('a session could not be told', { error: messageOf(thrown) });

function noticeOf(event: ToldEvent, spelling: Spelling): Notice | null {
  const payload = isJsonObject(event.payload) ? event.payload : {};
  if (event.event_type === 'decision_requested') return askedNotice(event, payload, spelling);
  if (event.event_type !== 'notification') return null;
  const { message = '', data } = payload;
  return {
    level: levelOf(payload.level),
    agent: textOf(payload.agent_id),
    data: { message, workflow_id: event.workflow_id, ...(data === undefined ? {} : { data }) },
  };
}

function askedNotice(event: ToldEvent, payload: JsonObject, spelling: Spelling): Notice {
  const { prompt = '', options = [], by = 'any' } = payload;
  const { workflow_id, step_id = '' } = event;
  const args = { workflow_id, signal_type: 'decision', step_id };
  return {
    level: 'notice',
    agent: textOf(payload.target_agent),
    data: {
      message: `"${step_id}" waits for a decision`,
      workflow_id,
      step_id,
      prompt,
      options,
      by,
      ...(by === 'person' ? {} : { next: { tool: spelled('signal', spelling), arguments: args } }),
    },
  };
}

const textOf = (value: Json | undefined): string | null =>
  typeof value === 'string' ? value : null;

const LEVELS: Readonly<Record<string, Notice['level']>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
};

const levelOf = (level: Json | undefined): Notice['level'] =>
  typeof level === 'string' && Object.hasOwn(LEVELS, level) ? (LEVELS[level] ?? 'info') : 'info';
