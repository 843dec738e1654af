/**
 * What a channel is told, as wire JSON. Every field is always there (null when it says nothing), so that
 * a template of a body never meets a missing name. Texts and data are bounded.
 */
import type { StepFailure } from '../model/error.ts';
import type { EventOf, RunEvent } from '../model/event.ts';
import { asNodeId, asRunId, decisionId } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { NoticeKind, ToldFact } from '../model/notice.ts';
import type { NoticeRun } from '../model/notice-store.ts';
import { toRfc3339 } from '../model/time.ts';

export type NoticePayload = JsonObject & {
  readonly kind: NoticeKind | 'test';
  readonly at: string;
  readonly title: string;
  readonly message: string;
  readonly level: string;
  readonly workflow_id: string | null;
  readonly template: string | null;
  readonly name: string | null;
  readonly agent_id: string | null;
  readonly status: string | null;
  readonly step_id: string | null;
  readonly error: JsonObject | null;
  readonly decision: JsonObject | null;
  readonly data: Json;
};

/** Names that a body's template may read: the payload's, and what delivery adds. */
export const PAYLOAD_NAMES: readonly string[] = [
  'event',
  'channel',
  'kind',
  'at',
  'title',
  'message',
  'level',
  'workflow_id',
  'template',
  'name',
  'agent_id',
  'status',
  'step_id',
  'error',
  'decision',
  'data',
];

const MAX_TITLE_CHARS = 200;
/** Chat services refuse longer ones. */
const MAX_MESSAGE_CHARS = 1500;
const MAX_TEXT_CHARS = 4000;
const MAX_DATA_CHARS = 8000;

const LEVELS: Readonly<Record<NoticeKind, string>> = {
  decision: 'info',
  outcome_unknown: 'warn',
  run_failed: 'error',
  notify: 'info',
  schedule_missed: 'warn',
  schedule_paused: 'warn',
  disk_low: 'error',
  vault_locked: 'warn',
  restarted: 'info',
};

interface Said {
  readonly title: string;
  readonly message: string;
  readonly level?: string;
  readonly stepId?: string | null;
  readonly error?: StepFailure;
  readonly decision?: EventOf<'decision_requested'>;
  readonly data?: Json;
}

/** The payload of something that an event of a run says. */
export function noticePayload(
  kind: NoticeKind,
  event: RunEvent,
  run: NoticeRun,
  said: Said,
): NoticePayload {
  const { error, decision, data = null } = said;
  return {
    kind,
    at: toRfc3339(event.at),
    title: cut(said.title, MAX_TITLE_CHARS),
    message: cut(said.message, MAX_MESSAGE_CHARS),
    level: said.level ?? LEVELS[kind],
    workflow_id: run.runId,
    template: run.template,
    name: run.name,
    agent_id: run.agentId,
    status: run.status,
    step_id: said.stepId ?? event.path,
    error:
      error === undefined
        ? null
        : { code: error.code, message: cut(error.message, MAX_TEXT_CHARS) },
    decision: decision === undefined ? null : decisionView(decision, run),
    data: bounded(data),
  };
}

/** The payload of a fact that no event carries. */
export function factPayload(fact: ToldFact, nowMs: number): NoticePayload {
  return {
    kind: fact.kind,
    at: toRfc3339(nowMs),
    title: FACT_TITLES[fact.kind],
    message: cut(fact.message, MAX_MESSAGE_CHARS),
    level: LEVELS[fact.kind],
    workflow_id: null,
    template: fact.template ?? null,
    name: fact.name ?? null,
    agent_id: fact.agent ?? null,
    status: fact.status ?? null,
    step_id: null,
    error: null,
    decision: null,
    data: bounded(fact.data ?? null),
  };
}

const FACT_TITLES: Readonly<Record<ToldFact['kind'], string>> = {
  schedule_missed: 'A schedule missed its time',
  schedule_paused: 'A schedule was paused',
  disk_low: 'The disk is nearly full',
  vault_locked: 'The vault is locked',
  restarted: 'Opcode has started',
};

/** The payload of a test message. */
export function testPayload(channel: string, nowMs: number): NoticePayload {
  return {
    ...factPayload({ kind: 'restarted', key: '', message: '' }, nowMs),
    kind: 'test',
    title: 'Test of Opcode',
    message: `The channel "${channel}" works: this is what it was asked to bring.`,
  };
}

const NO_RUN: NoticeRun = {
  runId: asRunId('run'),
  status: 'suspended',
  template: 'template',
  name: 'name',
  agentId: 'agent',
  isChild: false,
  nodeId: asNodeId('node'),
  epoch: 1,
};

const SAMPLE_QUESTION: EventOf<'decision_requested'> = {
  seq: 1,
  at: 0,
  type: 'decision_requested',
  path: 'step',
  payload: {
    kind: 'reasoning',
    prompt: 'prompt',
    data: {},
    options: [{ id: 'yes' }, { id: 'no' }],
    by: 'any',
    then: [],
    step_outputs: {},
  },
};

/** A message of a kind as a channel gets it, for trying out a body. */
export function samplePayload(kind: NoticeKind | 'test'): JsonObject {
  const added = { event: '1', channel: 'channel' };
  if (kind === 'test') return { ...added, ...testPayload('channel', 0) };
  const asks = kind === 'decision' || kind === 'outcome_unknown';
  const payload = noticePayload(kind, SAMPLE_QUESTION, NO_RUN, {
    title: 'title',
    message: 'message',
    ...(asks ? { decision: SAMPLE_QUESTION } : {}),
    ...(kind === 'run_failed' ? { error: { code: 'EXECUTION_ERROR', message: 'message' } } : {}),
  });
  return { ...added, ...payload };
}

function decisionView(event: EventOf<'decision_requested'>, run: NoticeRun): JsonObject {
  const { prompt, options, by, target_agent: agent, due_at: due } = event.payload;
  return {
    id: decisionId(run.runId, event.seq),
    prompt: typeof prompt === 'string' ? cut(prompt, MAX_TEXT_CHARS) : bounded(prompt),
    options: options.map(({ id }) => id),
    by,
    target_agent: agent ?? null,
    timeout_at: due === undefined ? null : toRfc3339(due),
  };
}

/** At most that many characters; a pair of surrogates is not torn apart. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const code = text.charCodeAt(end - 1);
  const isTorn = code >= 0xd800 && code <= 0xdbff;
  return `${text.slice(0, isTorn ? end - 1 : end)}…`;
}

function bounded(value: Json): Json {
  const size = JSON.stringify(value).length;
  return size <= MAX_DATA_CHARS ? value : { $truncated: size };
}
