/**
 * What a session is told without having asked: decisions that wait for an answer, messages of
 * `workflow.notify`, and changes of the runs it has subscribed to.
 *
 * What is addressed to an agent reaches only the sessions in which that agent has spoken.
 */
import type { Server } from '@modelcontextprotocol/server';
import { messageOf } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Logger } from '../model/ports.ts';
import type { EventView } from '../ops/shapes.ts';
import type { EventFeed } from './event-feed.ts';
import { runUris } from './resource-uris.ts';
import { type Spelling, spelled } from './tool-names.ts';

/** What is known of a session. */
export interface SessionState {
  /** Names under which it has spoken. */
  readonly agents: Set<string>;
  /** Resources it has subscribed to. */
  readonly uris: Set<string>;
}

interface Notice {
  readonly level: 'debug' | 'info' | 'notice' | 'warning' | 'error';
  readonly data: JsonObject;
  readonly agent: string | null;
}

/** Changes of one resource are told at most this often. */
const UPDATE_GAP_MS = 200;

interface NoticeParts {
  readonly server: Server;
  readonly feed: EventFeed;
  readonly log: Logger;
  readonly spelling: Spelling;
  readonly state: SessionState;
}

/** Tells the session until the returned function is called. */
export function startNotices({ server, feed, log, spelling, state }: NoticeParts): () => void {
  const due = new Map<string, ReturnType<typeof setTimeout>>();
  const failed = (thrown: unknown): void =>
    log.debug('a session could not be told', { error: messageOf(thrown) });
  const update = (uri: string): void => {
    if (!state.uris.has(uri) || due.has(uri)) return;
    const later = setTimeout(() => {
      due.delete(uri);
      server.sendResourceUpdated({ uri }).catch(failed);
    }, UPDATE_GAP_MS);
    due.set(uri, later);
  };
  const unsubscribe = feed.subscribe((event) => {
    for (const uri of runUris(event.workflow_id)) update(uri);
    const notice = noticeOf(event, spelling);
    if (notice === null || (notice.agent !== null && !state.agents.has(notice.agent))) return;
    const { level, data } = notice;
    // The level that the client has set is kept by the session of the transport.
    const sessionId = server.transport?.sessionId;
    server.sendLoggingMessage({ level, logger: 'opcode', data }, sessionId).catch(failed);
  });
  return () => {
    unsubscribe();
    for (const timer of due.values()) clearTimeout(timer);
    due.clear();
  };
}

function noticeOf(event: EventView, spelling: Spelling): Notice | null {
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

function askedNotice(event: EventView, payload: JsonObject, spelling: Spelling): Notice {
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
