/**
 * Composition of schedules and webhooks: what they need of the application, and their life in a daemon.
 */
import { createHooks } from './http/hooks.ts';
import type { Route } from './http/server.ts';
import type { Engine, PublishedEvent } from './model/engine.ts';
import { messageOf } from './model/error.ts';
import type { Tell } from './model/notice.ts';
import type { Logger, SecretSource } from './model/ports.ts';
import type { Ops } from './ops/catalog.ts';
import type { OpsDeps } from './ops/deps.ts';
import { createParts } from './ops/parts.ts';
import { createScheduleStarter } from './ops/schedule-start.ts';
import { reconcileTriggers } from './ops/triggers.ts';
import { createScheduler, type Scheduler } from './schedule/scheduler.ts';

type Parts = Omit<OpsDeps, 'engine'> & { readonly log: Logger; readonly secrets: SecretSource };

interface DaemonSchedules {
  /** `/hooks/:name`. */
  readonly routes: Readonly<Record<string, Route>>;
  /** How late the earliest time is now, milliseconds. */
  readonly lagMs: () => number;
  /** Nothing fires any more when it resolves. */
  close(): Promise<void>;
}

interface ScheduleOptions {
  readonly ops: Pick<Ops, 'run'>;
  readonly tell: Tell;
  /** Signed requests a minute to one webhook. */
  readonly hooksPerMinute: () => number;
}

/** How a daemon begins to schedule; nothing fires before it is called. */
export type StartSchedules = (options: ScheduleOptions) => DaemonSchedules;

/** Schedules and webhooks over the parts of an application. */
export const schedulesOf =
  (parts: Parts, engine: Engine | null): StartSchedules =>
  ({ ops, tell, hooksPerMinute }) => {
    const { store, clock, calculator, log, secrets } = parts;
    const made = createParts({ ...parts, engine });
    let isClosed = false;
    // With very many templates this takes a moment, and nobody should wait for it.
    clock.soon(() => {
      if (!isClosed) applyTriggersAgain(made, log);
    });
    const starter = createScheduleStarter(made);
    const scheduler = createScheduler({ store, clock, calculator, starter, tell, log });
    const stopListening = engine?.onEvents((events) => hearEnds(scheduler, events));
    return {
      routes: createHooks({
        webhooks: store,
        secrets,
        run: ops.run,
        now: clock.now,
        log,
        perMinute: hooksPerMinute,
      }),
      lagMs: scheduler.lagMs,
      async close() {
        isClosed = true;
        stopListening?.();
        await scheduler.close();
      },
    };
  };

/** One template that cannot be read must not keep the daemon from starting. */
function applyTriggersAgain(parts: Parameters<typeof reconcileTriggers>[0], log: Logger): void {
  try {
    reconcileTriggers(parts);
  } catch (thrown) {
    log.warn('triggers of templates were not looked at', { error: messageOf(thrown) });
  }
}

const ENDS: ReadonlySet<string> = new Set([
  'workflow_completed',
  'workflow_failed',
  'workflow_cancelled',
]);

function hearEnds(scheduler: Scheduler, events: readonly PublishedEvent[]): void {
  for (const { runId, event } of events) if (ENDS.has(event.type)) scheduler.runEnded(runId);
}
