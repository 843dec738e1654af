/**
 * Where a followed run is executed: by this process, or by a daemon and seen here through the database.
 *
 * Both are followed the same way. Leaving the one waits for its steps in flight, because they are
 * children of this process; leaving the other disturbs nothing.
 */

import type { Engine, RunStop } from '../src/model/engine.ts';
import { messageOf } from '../src/model/error.ts';
import type { RunId } from '../src/model/ids.ts';
import { isAtRest } from '../src/ops/run-tree.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import type { EventView } from '../src/ops/shapes.ts';
import type { App, Cli, ExecutingApp } from './command.ts';
import type { ShownOutput } from './progress/display.ts';

/** What steps print, from before a run's id is known. */
export interface OutputTap {
  /** `isNew`: all that the run printed is shown, else only what it prints from now on. */
  attach(runId: string, sink: (chunk: ShownOutput) => void, isNew: boolean): void;
  /** Resolves when everything that was printed until now has been handed over. */
  drained(): Promise<void>;
  close(): void;
}

/** `abandoned`: the daemon is gone and no other process goes on with the run. */
export type VenueStop = RunStop | 'abandoned';

export interface Venue {
  tapOutput(): OutputTap;
  /** Is told every event of the run. */
  event(event: EventView): void;
  /** How the run stopped; suspended only when no signal is on its way to it. `deadline`: epoch ms. */
  stopOf(runId: string, deadline: number | null, note: (line: string) => void): Promise<VenueStop>;
  /** True when steps of the run are children of this process. */
  owns(runId: string): boolean;
  /** Gives the runs of this process up when nothing of them is in flight any more. */
  leave(): Promise<void>;
  /** The same at once: what is in flight is stopped. */
  leaveNow(): Promise<void>;
  /** Runs besides this one that are executed here only. */
  others(runId: string): number;
  othersQuiet(runId: string): Promise<void>;
  close(): void;
}

/** The venue of an application: here when it executes. */
export const venueOf = (cli: Cli, app: App): Venue =>
  app.engine === null ? elsewhere(cli, app) : here({ ...app, engine: app.engine });

const NEVER_MS = 365 * 86_400_000;
/** How often a suspended run is looked at while its inbox is being read. */
const INBOX_LOOK_MS = 20;

function here(app: ExecutingApp): Venue {
  const { engine } = app;
  const stop = (graceMs: number): Promise<void> => engine.stop({ graceMs, graceUnsafeMs: graceMs });
  return {
    tapOutput: () => tapEngine(engine),
    event: () => undefined,
    stopOf: (runId, deadline) => stopHere(app, runId as RunId, deadline),
    owns: (runId) => engine.owns(runId as RunId),
    leave: () => stop(NEVER_MS),
    leaveNow: () => stop(0),
    others: (runId) => engine.othersThan(runId as RunId),
    othersQuiet: (runId) => engine.othersQuiet(runId as RunId),
    close: () => undefined,
  };
}

function tapEngine(engine: Engine): OutputTap {
  let held: ({ runId: string } & ShownOutput)[] = [];
  let sink: ((chunk: { runId: string } & ShownOutput) => void) | null = null;
  const stop = engine.onOutput((chunk) => {
    if (sink === null) held.push(chunk);
    else sink(chunk);
  });
  return {
    attach(runId, show) {
      sink = (chunk) => {
        if (chunk.runId === runId) show(chunk);
      };
      for (const chunk of held) sink(chunk);
      held = [];
    },
    drained: () => Promise.resolve(),
    close: () => stop(),
  };
}

async function stopHere(
  app: ExecutingApp,
  runId: RunId,
  deadline: number | null,
): Promise<RunStop> {
  for (;;) {
    const timeoutMs = deadline === null ? null : Math.max(0, deadline - Date.now());
    const stop = await app.engine.settled(runId, { timeoutMs, orSuspended: true });
    const isOver = deadline !== null && Date.now() >= deadline;
    if (stop !== 'suspended' || isOver || isAtRest(app.store, runId)) return stop;
    await Bun.sleep(INBOX_LOOK_MS);
  }
}

/** Events after which a run may have stopped. */
const STOPS: ReadonlySet<string> = new Set([
  'workflow_completed',
  'workflow_failed',
  'workflow_cancelled',
  'workflow_suspended',
]);
/** How often it is asked whether anybody still executes the run, and how long that may be nobody. */
const ALIVE_MS = 2000;
const ORPHAN_MS = 30_000;

function elsewhere(cli: Cli, app: App): Venue {
  const closing = new AbortController();
  let onStop: () => void = () => undefined;
  return {
    tapOutput: () => tapLogs(cli, app),
    event({ event_type }) {
      if (STOPS.has(event_type)) onStop();
    },
    async stopOf(runId, deadline, note) {
      const watcher = createWatcher(cli, app, runId, note);
      for (;;) {
        // Made before the look, so that no event falls between the two.
        const told = new Promise<void>((resolve) => {
          onStop = resolve;
        });
        const stop = await watcher.look();
        if (stop !== null || closing.signal.aborted) return stop ?? 'lost';
        const left = deadline === null ? ALIVE_MS : deadline - Date.now();
        if (left <= 0) return 'timeout';
        await orAfter(told, Math.min(left, ALIVE_MS));
      }
    },
    owns: () => false,
    leave: () => Promise.resolve(),
    leaveNow: () => Promise.resolve(),
    others: () => 0,
    othersQuiet: () => Promise.resolve(),
    close() {
      closing.abort();
      onStop();
    },
  };
}

/** Looks at a run that is executed elsewhere, and says so once when nobody executes it any more. */
function createWatcher(cli: Cli, app: App, workflow_id: string, note: (line: string) => void) {
  let orphanedAt: number | null = null;
  return {
    async look(): Promise<VenueStop | null> {
      const run = await app.ops.status(cli.context(), { workflow_id, include: [] });
      if (run.status === 'suspended' && !awaitsWork(run)) return 'suspended';
      if (['completed', 'failed', 'cancelled'].includes(run.status)) return 'ended';
      if (run.has_executor) {
        orphanedAt = null;
        return null;
      }
      if (orphanedAt === null) note('The daemon is gone; waiting for one that goes on.');
      orphanedAt ??= Date.now();
      return Date.now() - orphanedAt >= ORPHAN_MS ? 'abandoned' : null;
    },
  };
}

/** True while a run that the suspended one awaits is at work, or its end is on its way. */
const awaitsWork = ({ waiting_for: waits }: Pick<StatusOutput, 'waiting_for'>): boolean =>
  waits.some(({ status }) => status === 'active' || status === 'ended');

function orAfter(told: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, ms);
    void told.then(() => {
      clearTimeout(late);
      resolve();
    });
  });
}

/** How long the last printed text is read; only what cannot be read, or never ends, takes so long. */
const DRAIN_MS = 30_000;
const LOG_PAGE = 500;

type Chunk = Awaited<ReturnType<App['ops']['logs']>>['chunks'][number];

function tapLogs(cli: Cli, app: App): OutputTap {
  const stopping = new AbortController();
  let shownFrom = Date.now();
  let shown = 0;
  let show: (chunk: ShownOutput) => void = () => undefined;
  let workflow_id = '';
  const take = ({ offset, step_id: path, stream, text, at }: Chunk): void => {
    // Two readers may come across the same text.
    if (offset <= shown) return;
    shown = offset;
    if (Date.parse(at) >= shownFrom) show({ path, stream, text });
  };
  const failed = (thrown: unknown): void =>
    cli.note(`output cannot be shown: ${messageOf(thrown)}`);
  const follow = async (): Promise<void> => {
    const context = cli.context({ abort: stopping.signal });
    for await (const chunk of app.ops.followLogs(context, { workflow_id })) take(chunk);
  };
  const rest = async (): Promise<void> => {
    for (;;) {
      const { chunks } = await app.ops.logs(cli.context(), {
        workflow_id,
        after_offset: shown,
        limit: LOG_PAGE,
      });
      chunks.forEach(take);
      if (chunks.length < LOG_PAGE) return;
    }
  };
  return {
    attach(runId, sink, isNew) {
      workflow_id = runId;
      show = sink;
      // The clock there need not be that of this machine.
      if (isNew) shownFrom = 0;
      follow().catch(failed);
    },
    drained: () => orAfter(rest().catch(failed), DRAIN_MS),
    close: () => stopping.abort(),
  };
}
