/**
 * What a run's new events give to tell: rows for channels, and messages that are kept for agents. Pure,
 * because it runs inside the decision whose events it looks at.
 *
 * An event tells at most one thing. A run that another one waits for does not tell of its failure: the
 * other one does, if it cannot deal with it. One crash asks once about everything it left unknown.
 */
import type { EventOf, RunEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { NoticeKind, NoticeRule } from '../model/notice.ts';
import type { AgentMessage, EventNotice, NoticeRun, OutboxOf } from '../model/notice-store.ts';
import { type NoticePayload, noticePayload } from './payload.ts';
import { channelsFor } from './rules.ts';

/** What one event gives to tell. */
interface Told {
  readonly kind: NoticeKind;
  /** Null: the event's id. */
  readonly key: string | null;
  readonly payload: NoticePayload;
}

/** The outbox of these rules, which are read anew each time. */
export function createOutbox(rules: () => readonly NoticeRule[]): OutboxOf {
  return (events, run) => {
    if (!events.some(mayTell)) return null;
    return { notices: noticesOf(rules(), events, run()), messages: events.flatMap(messageOf) };
  };
}

/** Whether an event may be something that somebody is told. */
export function mayTell(event: RunEvent): boolean {
  switch (event.type) {
    case 'decision_requested':
    case 'workflow_failed':
    case 'notification':
      return true;
    case 'workflow_suspended':
      return event.payload.reason === 'quarantined';
    case 'step_scheduled':
      return event.payload.waiting_for === 'vault';
    default:
      return false;
  }
}

function noticesOf(
  rules: readonly NoticeRule[],
  events: readonly RunEvent[],
  run: NoticeRun,
): EventNotice[] {
  if (rules.length === 0) return [];
  return events.flatMap((event) => {
    const told = toldBy(event, events, run);
    if (told === null) return [];
    const { kind, key, payload } = told;
    const { template, agent_id: agent, name, status } = payload;
    return channelsFor(rules, { kind, template, agent, name, status }).map((channel) => ({
      seq: event.seq,
      key,
      kind,
      channel,
      payload,
      createdAt: event.at,
    }));
  });
}

function messageOf(event: RunEvent): AgentMessage[] {
  if (event.type !== 'notification' || event.payload.ttl_ms <= 0) return [];
  const { seq, at, payload } = event;
  return [{ seq, agent: payload.agent_id ?? null, at, expiresAt: at + payload.ttl_ms }];
}

function toldBy(event: RunEvent, all: readonly RunEvent[], run: NoticeRun): Told | null {
  switch (event.type) {
    case 'decision_requested':
      if (isAnswered(event, all)) return null;
      return event.payload.kind === 'outcome_unknown'
        ? unknownOutcome(event, all, run)
        : decisionTold(event, run);
    case 'workflow_failed':
      return run.isChild ? null : failureTold(event, run);
    case 'workflow_suspended':
      return event.payload.reason === 'quarantined' ? quarantineTold(event, run) : null;
    case 'notification':
      return messageTold(event, run);
    case 'step_scheduled':
      return event.payload.waiting_for === 'vault' ? vaultTold(event, run) : null;
    default:
      return null;
  }
}

/** The answer was there before the question: nobody has to be asked. */
const isAnswered = ({ seq, path }: RunEvent, all: readonly RunEvent[]): boolean =>
  all.some(
    (event) =>
      (event.type === 'decision_resolved' || event.type === 'decision_cancelled') &&
      event.path === path &&
      event.seq > seq,
  );

const titleOf = ({ template, name, runId }: NoticeRun): string =>
  template ?? name ?? `run ${runId.slice(0, 8)}`;

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function decisionTold(event: EventOf<'decision_requested'>, run: NoticeRun): Told {
  const { prompt, options } = event.payload;
  const choices = options.length === 0 ? '' : ` (${options.map(({ id }) => id).join(' / ')})`;
  const payload = noticePayload('decision', event, run, {
    title: `${titleOf(run)} waits for a decision`,
    message: `${event.path ?? ''}: ${textOf(prompt)}${choices}`,
    decision: event,
    data: event.payload.data,
  });
  return { kind: 'decision', key: null, payload };
}

function unknownOutcome(
  event: EventOf<'decision_requested'>,
  all: readonly RunEvent[],
  run: NoticeRun,
): Told {
  const steps = all.flatMap((each) =>
    each.type === 'decision_requested' && each.payload.kind === 'outcome_unknown'
      ? [each.path ?? '']
      : [],
  );
  const names = steps.map((step) => `"${step}"`).join(', ');
  const payload = noticePayload('outcome_unknown', event, run, {
    title: `${titleOf(run)}: it is not known what an interrupted step did`,
    message: `The process ended while ${names} ran. Say whether it took effect: rerun, completed or failed.`,
    decision: event,
    data: { steps },
  });
  return { kind: 'outcome_unknown', key: `outcome_unknown/${run.runId}/${run.epoch}`, payload };
}

function failureTold(event: EventOf<'workflow_failed'>, run: NoticeRun): Told {
  const { error } = event.payload;
  const at = error.step_id === undefined ? '' : `${error.step_id}: `;
  const payload = noticePayload('run_failed', event, run, {
    title: `${titleOf(run)} failed`,
    message: `${at}[${error.code}] ${error.message}`,
    stepId: error.step_id ?? null,
    error,
  });
  return { kind: 'run_failed', key: null, payload };
}

function quarantineTold(event: EventOf<'workflow_suspended'>, run: NoticeRun): Told {
  const payload = noticePayload('run_failed', event, run, {
    title: `${titleOf(run)} is held back`,
    message: 'The processes that executed it died again and again. It goes on when it is resumed.',
  });
  return { kind: 'run_failed', key: null, payload };
}

function messageTold(event: EventOf<'notification'>, run: NoticeRun): Told {
  const { message, level, data } = event.payload;
  const payload = noticePayload('notify', event, run, {
    title: `Message of ${titleOf(run)}`,
    message,
    level,
    ...(data === undefined ? {} : { data }),
  });
  return { kind: 'notify', key: null, payload };
}

/** Everything waits for the same key: it is asked for once in the life of a process. */
function vaultTold(event: EventOf<'step_scheduled'>, run: NoticeRun): Told {
  const payload = noticePayload('vault_locked', event, run, {
    title: 'The vault is locked',
    message: `"${event.path ?? ''}" of ${titleOf(run)}, and whatever else needs a secret, waits until the vault has its key.`,
  });
  return { kind: 'vault_locked', key: `vault_locked/${run.nodeId}`, payload };
}
