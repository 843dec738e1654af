/**
 * From an occurrence of a schedule to a run: everything is checked and resolved as when somebody
 * starts it by hand, but the store adds it together with the occurrence.
 */
import { AppError, messageOf } from '../model/error.ts';
import { asRunId } from '../model/ids.ts';
import { placeConflict } from '../model/place.ts';
import type { Origin, PreparedStart, ScheduleRow, ScheduleStarter } from '../model/schedule.ts';
import { toRfc3339 } from '../model/time.ts';
import { prepare } from './definitions.ts';
import type { CallContext } from './operation.ts';
import { ownerOf } from './owner.ts';
import type { OpsParts } from './parts.ts';
import { placedRun, startFactsOf, storedOf } from './start.ts';

/** Makes runs of occurrences; in a process without engine they are left to whoever executes. */
export function createScheduleStarter(parts: OpsParts): ScheduleStarter {
  return {
    async prepare(schedule, occurrence) {
      try {
        return await prepared(parts, schedule, occurrence);
      } catch (thrown) {
        if (!(thrown instanceof AppError)) {
          return { ok: false, outcome: 'failed', reason: `INTERNAL: ${messageOf(thrown)}` };
        }
        // What the store could not do now is tried again; it says nothing about the schedule.
        if (thrown.code === 'STORE_ERROR') throw thrown;
        const outcome = thrown.details !== undefined && isFull(thrown) ? 'skipped' : 'failed';
        return { ok: false, outcome, reason: `${thrown.code}: ${thrown.message}` };
      }
    },
    async execute(runId) {
      if (parts.engine === null) parts.wakeExecutors?.();
      else await parts.engine.recover(runId);
    },
  };
}

/** The template itself has too many runs and rejects more (`concurrency`). */
const isFull = ({ code, details }: AppError): boolean =>
  code === 'CONFLICT' && typeof details === 'object' && details !== null && 'running' in details;

/** What is recorded as the run's trigger. */
const triggerOf = (
  { id, name }: ScheduleRow,
  { dueAt, origin }: { readonly dueAt: number; readonly origin: Origin },
) => ({
  type: 'schedule',
  schedule: name,
  schedule_id: id,
  due_at: toRfc3339(dueAt),
  ...(origin === 'schedule' ? {} : { origin }),
});

async function prepared(
  parts: OpsParts,
  schedule: ScheduleRow,
  occurrence: { readonly dueAt: number; readonly origin: Origin },
): Promise<PreparedStart> {
  const { store, clock, random } = parts;
  const ctx: CallContext = {
    caller: {
      agentId: schedule.agentId,
      name: `schedule:${schedule.name}`,
      role: 'operator',
      sender: 'system',
    },
    exec: null,
    trigger: triggerOf(schedule, occurrence),
  };
  const { template, version, params } = schedule;
  const given = { template_name: template, ...(version === null ? {} : { version }) };
  const definition = prepare(parts, ctx, given);
  const runId = asRunId(random.uuid());
  const start = await startFactsOf(parts, ctx, definition, { params }, runId);
  const nowMs = clock.now();
  const owner = ownerOf(ctx.caller);
  const placed = placedRun(parts, definition, start, { runId, owner }, nowMs);
  if (placed.place !== null) {
    const verdict = store.judgePlace(placed.place, { runId, parentId: null });
    if (verdict.kind === 'full' || verdict.kind === 'circle') throw placeConflict(verdict);
  }
  store.putDefinition(definition.hash, storedOf(definition));
  return {
    ok: true,
    run: {
      runId,
      definitionHash: definition.hash,
      ...placed,
      createdAt: nowMs,
      idempotency: null,
      claimableFrom: nowMs,
    },
    sends: [],
  };
}
