/**
 * A run that is watched by the person who started or continued it: progress, questions, Ctrl-C.
 *
 * Ends when the run has ended, waits for somebody who is not here, the wait is over, or the person
 * leaves. Leaving never loses anything: what is durable goes on wherever the run is executed next.
 */
import type { RunStop } from '../src/model/engine.ts';
import type { RunId } from '../src/model/ids.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import type { Cli, ExecutingApp } from './command.ts';
import { onInterrupts } from './interrupts.ts';
import { counted, oneLine } from './print/text.ts';
import type { Progress, ShownOutput } from './progress/display.ts';
import { createProgress } from './progress/progress.ts';
import { type Answers, createQuestions } from './questions.ts';

/** Why following ended. `left`: the person (or the end of the wait) left a run that goes on. */
type FollowEnd = 'stopped' | 'timeout' | 'left';

export interface Followed {
  readonly run: StatusOutput;
  readonly end: FollowEnd;
}

export interface FollowOptions {
  readonly workflowId: string;
  /** Events up to this sequence are old news. */
  readonly afterSequence: number;
  readonly quiet: boolean;
  /** Milliseconds, null for as long as it takes. */
  readonly waitMs: number | null;
  readonly agent: string | undefined;
  /** Prepared answers to decisions, by step; asked for before a person is. */
  readonly answers?: Answers | undefined;
  /** Gets what steps print instead of the progress display. */
  readonly onOutput?: ((chunk: ShownOutput) => void) | undefined;
}

/** What steps of this process print, from before a run's id is known. */
export interface OutputTap {
  attach(runId: string, sink: (chunk: ShownOutput) => void): void;
  close(): void;
}

const NEVER_MS = 365 * 86_400_000;
/** How long the last events are waited for once a run has stopped. */
const DRAIN_MS = 1_000;
/** How often a suspended run is looked at while its inbox is being read. */
const INBOX_LOOK_MS = 20;

/** Begins to collect what is printed. */
export function tapOutput(app: ExecutingApp): OutputTap {
  let held: ({ runId: string } & ShownOutput)[] = [];
  let sink: ((chunk: { runId: string } & ShownOutput) => void) | null = null;
  const stop = app.engine.onOutput((chunk) => {
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
    close: () => stop(),
  };
}

/** Follows one run. @throws what operations throw */
export async function followRun(
  cli: Cli,
  app: ExecutingApp,
  tap: OutputTap,
  options: FollowOptions,
): Promise<Followed> {
  const { workflowId } = options;
  const leaving: LeavingState = { begun: false, over: new AbortController() };
  const statusOf = (): Promise<StatusOutput> =>
    app.ops.status(cli.context(), {
      workflow_id: workflowId,
      include: ['steps', 'decisions', 'output'],
    });
  const progress = createProgress({
    terminal: cli.terminal,
    quiet: options.quiet || cli.json,
    snapshot: statusOf,
  });
  cli.logTo((line) => progress.note(line.trimEnd()));
  tap.attach(workflowId, options.onOutput ?? progress.output);
  const questions = createQuestions({ cli, app, progress, ...options });
  const pump = pumpEvents(cli, app, options, (event) => {
    progress.event(event);
    questions.event(event);
  });
  const stopInterrupts = onInterrupts(
    interruptsOf({ cli, app, progress, leaving, workflowId, statusOf }),
  );
  try {
    const end = await waitForEnd(app, questions, leaving, options);
    const run = await statusOf();
    if (end === 'timeout' && app.engine.owns(workflowId as RunId)) {
      progress.note(inFlightText(run, 'The time is over.', 'Ctrl-C'));
    }
    await pump.until(run.last_sequence);
    return { run, end };
  } finally {
    questions.close();
    pump.close();
    stopInterrupts();
    progress.close();
    cli.logTo(null);
    tap.close();
  }
}

async function waitForEnd(
  app: ExecutingApp,
  questions: ReturnType<typeof createQuestions>,
  leaving: LeavingState,
  { workflowId, waitMs }: FollowOptions,
): Promise<FollowEnd> {
  const left = new Promise<'left'>((resolve) =>
    leaving.over.signal.addEventListener('abort', () => resolve('left'), { once: true }),
  );
  const deadline = waitMs === null ? null : Date.now() + waitMs;
  for (;;) {
    const stop = await Promise.race([stopOf(app, workflowId as RunId, deadline), left]);
    if (stop === 'ended') return 'stopped';
    // Stopping the engine ends its waits too; that is the person who leaves, not the run.
    if (stop === 'left' || leaving.begun) return 'left';
    if (stop === 'timeout') return 'timeout';
    if (stop !== 'suspended') return 'stopped';
    const answered = await Promise.race([questions.settle(), left]);
    if (answered === 'left') return 'left';
    if (answered === 'nothing') return 'stopped';
  }
}

/** How the run stopped; suspended only when no signal is on its way to it. */
async function stopOf(app: ExecutingApp, runId: RunId, deadline: number | null): Promise<RunStop> {
  for (;;) {
    const timeoutMs = deadline === null ? null : Math.max(0, deadline - Date.now());
    const stop = await app.engine.settled(runId, { timeoutMs, orSuspended: true });
    const isOver = deadline !== null && Date.now() >= deadline;
    if (stop !== 'suspended' || isOver || app.store.unsettled(runId).length === 0) return stop;
    await Bun.sleep(INBOX_LOOK_MS);
  }
}

type Event = Parameters<Progress['event']>[0];

/** Hands over the run's events as they are committed. */
function pumpEvents(
  cli: Cli,
  app: ExecutingApp,
  options: FollowOptions,
  show: (event: Event) => void,
): { until(sequence: number): Promise<void>; close(): void } {
  const stopping = new AbortController();
  let seen = 0;
  let onSeen: () => void = () => undefined;
  const pump = async (): Promise<void> => {
    const context = cli.context({ abort: stopping.signal });
    const events = app.ops.followEvents(context, {
      workflow_id: options.workflowId,
      forever: true,
    });
    for await (const event of events) {
      seen = event.sequence;
      if (event.sequence > options.afterSequence) show(event);
      onSeen();
    }
  };
  const done = pump().catch((thrown: unknown) =>
    cli.note(`events cannot be shown: ${String(thrown)}`),
  );
  return {
    until: (sequence) =>
      new Promise((resolve) => {
        const late = setTimeout(resolve, DRAIN_MS);
        const look = (): void => {
          if (seen < sequence) return;
          clearTimeout(late);
          resolve();
        };
        onSeen = look;
        look();
        void done.then(resolve);
      }),
    close: () => stopping.abort(),
  };
}

/** Leaving begins with the first Ctrl-C and is over when nothing is in flight any more. */
interface LeavingState {
  begun: boolean;
  readonly over: AbortController;
}

interface Leaving {
  readonly cli: Cli;
  readonly app: ExecutingApp;
  readonly progress: Progress;
  readonly leaving: LeavingState;
  readonly workflowId: string;
  readonly statusOf: () => Promise<StatusOutput>;
}

function interruptsOf(parts: Leaving): Parameters<typeof onInterrupts>[0] {
  const { cli, app, progress, leaving, workflowId, statusOf } = parts;
  const failed = (thrown: unknown): void => progress.note(String(thrown));
  const leave = async (): Promise<void> => {
    leaving.begun = true;
    progress.note(inFlightText(await statusOf(), 'Leaving the run.', 'Ctrl-C again'));
    await app.engine.stop({ graceMs: NEVER_MS, graceUnsafeMs: NEVER_MS });
    leaving.over.abort();
  };
  return {
    first: () => void leave().catch(failed),
    again: () => {
      progress.note('Stopping the steps in flight.');
      app.engine
        .stop({ graceMs: 0, graceUnsafeMs: 0 })
        .catch(failed)
        .finally(() => leaving.over.abort());
    },
    terminate: () => {
      if (cli.terminal.stderr.isTerminal) {
        void leave().catch(failed);
        return;
      }
      app.ops
        .signal(cli.context(), {
          workflow_id: workflowId,
          signal_type: 'cancel',
          payload: { reason: 'SIGTERM' },
        })
        .catch(failed);
    },
  };
}

/** What leaving waits for, in a sentence. */
function inFlightText(run: StatusOutput, why: string, how: string): string {
  const steps = Object.values(run.steps).filter(
    (step) => step.type === 'action' && step.status === 'running',
  );
  if (steps.length === 0) return `${why} Nothing is in flight.`;
  const names = steps.map((step) => oneLine(step.step_id)).join(', ');
  return `${why} Waiting for ${counted(steps.length, 'step')} in flight (${names}); ${how} stops them.`;
}
