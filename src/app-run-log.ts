/**
 * The daemon's log of what its runs do: one line for what an operator looks for, with the ids to find the
 * rest. Lines are made of what was recorded, so they are as masked as the events.
 *
 * A commit does not wait for them: they are written together a moment later, in their order.
 */
import type { PublishedEvent } from './model/engine.ts';
import type { StepFailure } from './model/error.ts';
import type { EventOf, EventType, RunEvent } from './model/event.ts';
import type { RunId } from './model/ids.ts';
import type { Json } from './model/json.ts';
import type { Logger } from './model/ports.ts';
import type { Store } from './model/store.ts';

type Level = keyof Logger;
type Fields = Readonly<Record<string, Json | undefined>>;

interface Line {
  readonly level: Level;
  readonly message: string;
  readonly fields?: Fields;
}

/** What is known of a run and stands on each of its lines. */
interface Who {
  readonly name: string | undefined;
  readonly agent: string | undefined;
}

interface RunLogParts {
  readonly store: Pick<Store, 'run'>;
  readonly log: Logger;
  /** True while lines of this level are written. */
  readonly isWritten: (level: Level) => boolean;
}

/** Runs whose name is remembered; of others it is looked up again. */
const MAX_REMEMBERED = 10_000;

/** A listener to what is committed that logs it. */
export function createRunLog({
  store,
  log,
  isWritten,
}: RunLogParts): (events: readonly PublishedEvent[]) => void {
  const known = new Map<RunId, Who>();
  const whoIs = (runId: RunId): Who => {
    const found = known.get(runId) ?? lookUp(store, runId);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(runId, found);
    return found;
  };
  return (events) => {
    for (const { runId, event } of events) {
      if (event.type === 'workflow_started') known.set(runId, startedBy(event));
      const line = lineOf(event);
      if (line !== null && isWritten(line.level)) {
        const { name, agent } = whoIs(runId);
        log[line.level](line.message, {
          workflow_id: runId,
          workflow: name,
          step_id: event.path ?? undefined,
          agent_id: agent,
          ...line.fields,
        });
      }
      if (ENDS.has(event.type)) known.delete(runId);
    }
  };
}

const ENDS: ReadonlySet<EventType> = new Set([
  'workflow_completed',
  'workflow_failed',
  'workflow_cancelled',
]);

const startedBy = ({ payload }: EventOf<'workflow_started'>): Who => ({
  name: payload.template ?? payload.name ?? undefined,
  agent: payload.agent_id ?? undefined,
});

function lookUp(store: Pick<Store, 'run'>, runId: RunId): Who {
  const row = store.run(runId);
  return { name: row?.template ?? row?.name ?? undefined, agent: row?.agentId ?? undefined };
}

type Describe<K extends EventType> = (event: EventOf<K>) => Line;

const line = (level: Level, message: string, fields: Fields = {}): Line => ({
  level,
  message,
  fields,
});

const errorFields = ({ code, message, attempts }: StepFailure): Fields => ({
  code,
  error: message,
  attempts,
});

/** What the line of each event says; events that are not here have none. */
const LINES: { readonly [K in EventType]?: Describe<K> } = {
  workflow_started: ({ payload: { version, parent } }) =>
    line('info', 'run started', {
      version: version ?? undefined,
      parent_id: parent?.workflow_id,
    }),
  workflow_completed: () => line('info', 'run completed'),
  workflow_failed: ({ payload: { error } }) =>
    line('warn', 'run failed', { step_id: error.step_id, ...errorFields(error) }),
  workflow_cancelled: ({ payload: { reason, by } }) =>
    line('info', 'run cancelled', { reason: reason ?? undefined, by: by ?? undefined }),
  workflow_suspended: ({ payload: { reason } }) => line('debug', 'run waits', { reason }),
  workflow_resumed: ({ payload: { reason } }) => line('debug', 'run goes on', { reason }),
  workflow_timed_out: ({ payload }) => line('warn', 'run reached its time limit', payload),
  workflow_interrupted: ({ payload: { node } }) =>
    line('warn', 'run was interrupted and is taken on', { node: node ?? undefined }),
  step_started: ({ payload: { attempt } }) => line('debug', 'step started', { attempt }),
  step_completed: ({ payload: { duration_ms } }) =>
    line('debug', 'step completed', { duration_ms }),
  step_skipped: ({ payload: { reason } }) => line('debug', 'step skipped', { reason }),
  step_failed: ({ payload: { error } }) => line('warn', 'step failed', errorFields(error)),
  step_ignored: ({ payload: { error } }) =>
    line('warn', 'step failed, which is ignored', errorFields(error)),
  step_retry_attempt: ({ payload: { attempt, delay_ms, error } }) =>
    line('warn', 'step failed and is tried again', { ...errorFields(error), attempt, delay_ms }),
  step_interrupted: ({ payload: { policy, count } }) =>
    line('warn', 'step was interrupted', { policy, count }),
  decision_requested: ({ payload: { kind, target_agent } }) =>
    line('info', 'decision asked for', { kind, target_agent }),
  decision_resolved: ({ payload: { choice, rejected, resolved_by, via } }) =>
    line('info', rejected === true ? 'decision rejected' : 'decision made', {
      choice: choice ?? undefined,
      by: resolved_by ?? undefined,
      via,
    }),
  circuit_breaker_open: ({ payload: { target, until } }) =>
    line('warn', 'circuit breaker opened', { target, until }),
  circuit_breaker_half_open: ({ payload: { target } }) =>
    line('debug', 'circuit breaker lets a probe through', { target }),
  circuit_breaker_closed: ({ payload: { target } }) =>
    line('info', 'circuit breaker closed', { target }),
  hook_failed: ({ payload: { hook, error } }) =>
    line('warn', 'hook failed', { hook, ...errorFields(error) }),
  log: ({ payload: { level, message, data } }) => line(levelOf(level), message, { data }),
};

const lineOf = (event: RunEvent): Line | null => {
  const describe = LINES[event.type] as Describe<EventType> | undefined;
  return describe === undefined ? null : describe(event);
};

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];
const levelOf = (text: string): Level => LEVELS.find((each) => each === text) ?? 'info';

/** Collects what is written in one turn of the event loop, and writes it as one text. */
export function writeTogether(write: (text: string) => void): {
  readonly write: (text: string) => void;
  readonly flush: () => void;
} {
  let held: string[] = [];
  const flush = (): void => {
    const text = held.join('');
    held = [];
    if (text !== '') write(text);
  };
  return {
    write(text) {
      if (held.length === 0) setImmediate(flush);
      held.push(text);
    },
    flush,
  };
}
