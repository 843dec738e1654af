/**
 * A run that is watched by the person who started or continued it: progress, questions, Ctrl-C.
 *
 * Ends when the run has ended, waits for somebody who is not here, the wait is over, or the person
 * leaves. Leaving never loses anything: what is durable goes on wherever the run is executed next.
 */
import { messageOf } from '../src/model/error.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import type { App, Cli } from './command.ts';
import { followEvents } from './follow-events.ts';
import { onInterrupts } from './interrupts.ts';
import { withLeftRun } from './lost-server.ts';
import { listedSteps } from './print/listed-steps.ts';
import { counted, oneLine } from './print/text.ts';
import type { Progress, ShownOutput } from './progress/display.ts';
import { createProgress } from './progress/progress.ts';
import { type Answers, createQuestions } from './questions.ts';
import type { OutputTap, Venue, VenueStop } from './venue.ts';

/**
 * Why following ended. `left`: the person left a run that goes on; `abandoned`: nobody executes it.
 */
type FollowEnd = 'stopped' | 'timeout' | 'left' | 'abandoned';

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

/** Longest wait for the last events of a stopped run, milliseconds; they are written already. */
const DRAIN_MS = 30_000;

/** Follows one run. @throws what operations throw */
export async function followRun(
  cli: Cli,
  app: App,
  venue: Venue,
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
  tap.attach(workflowId, options.onOutput ?? progress.output, options.afterSequence === 0);
  const questions = createQuestions({ cli, app, progress, ...options });
  const pump = pumpEvents(cli, app, options, (event) => {
    progress.event(event);
    questions.event(event);
    venue.event(event);
  });
  const stopInterrupts = onInterrupts(
    interruptsOf({ cli, app, venue, progress, leaving, workflowId, statusOf }),
  );
  try {
    const end = await waitForEnd({ venue, questions, leaving, progress }, options);
    const run = await statusOf();
    if (end === 'timeout' && venue.owns(workflowId)) {
      progress.note(inFlightText(run, 'The time is over.', 'Ctrl-C'));
    }
    await Promise.all([pump.until(run.last_sequence), tap.drained()]);
    return { run, end };
  } catch (thrown) {
    throw withLeftRun(thrown, workflowId);
  } finally {
    questions.close();
    pump.close();
    stopInterrupts();
    progress.close();
    cli.logTo(null);
    tap.close();
    venue.close();
  }
}

interface Waiting {
  readonly venue: Venue;
  readonly questions: ReturnType<typeof createQuestions>;
  readonly leaving: LeavingState;
  readonly progress: Progress;
}

async function waitForEnd(
  { venue, questions, leaving, progress }: Waiting,
  { workflowId, waitMs }: FollowOptions,
): Promise<FollowEnd> {
  const left = new Promise<'left'>((resolve) =>
    leaving.over.signal.addEventListener('abort', () => resolve('left'), { once: true }),
  );
  const deadline = waitMs === null ? null : Date.now() + waitMs;
  for (;;) {
    const stop = await Promise.race([venue.stopOf(workflowId, deadline, progress.note), left]);
    const end = endOf(stop, leaving);
    if (end !== null) return end;
    const late = timeoutAt(deadline);
    const answered = await Promise.race([questions.settle(), left, late.over]).finally(late.cancel);
    if (answered === 'left') return 'left';
    // A question that is still open when the time is over stays open.
    if (answered !== 'answered') return 'stopped';
  }
}

/** Resolves at that time, in epoch milliseconds; without one, never. */
function timeoutAt(deadline: number | null): { over: Promise<'timeout'>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<'timeout'>();
  if (deadline === null) return { over: promise, cancel: () => undefined };
  const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()), 'timeout');
  return { over: promise, cancel: () => clearTimeout(timer) };
}

/** What a stop means to who follows; null when the run only waits for answers. */
function endOf(stop: VenueStop | 'left', leaving: LeavingState): FollowEnd | null {
  if (stop === 'ended') return 'stopped';
  // Stopping the engine ends its waits too; that is the person who leaves, not the run.
  if (stop === 'left' || leaving.begun) return 'left';
  if (stop === 'timeout' || stop === 'abandoned') return stop;
  return stop === 'suspended' ? null : 'stopped';
}

type Event = Parameters<Progress['event']>[0];

/** Hands over the run's events as they are committed. */
function pumpEvents(
  cli: Cli,
  app: App,
  options: FollowOptions,
  show: (event: Event) => void,
): { until(sequence: number): Promise<void>; close(): void } {
  const stopping = new AbortController();
  let seen = 0;
  let onSeen: () => void = () => undefined;
  const pump = async (): Promise<void> => {
    const context = cli.context({ abort: stopping.signal });
    const input = { workflow_id: options.workflowId, forever: true };
    const events = followEvents(app, context, input, (after) => {
      cli.note('The database was restored or replaced; what is new there is shown.');
      return { ...input, after };
    });
    for await (const event of events) {
      seen = event.sequence;
      if (event.sequence > options.afterSequence) show(event);
      onSeen();
    }
  };
  const done = pump().catch((thrown: unknown) =>
    cli.note(`events cannot be shown: ${messageOf(thrown)}`),
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
  readonly app: App;
  readonly venue: Venue;
  readonly progress: Progress;
  readonly leaving: LeavingState;
  readonly workflowId: string;
  readonly statusOf: () => Promise<StatusOutput>;
}

function interruptsOf(parts: Leaving): Parameters<typeof onInterrupts>[0] {
  const { cli, app, venue, progress, leaving, workflowId, statusOf } = parts;
  const failed = (thrown: unknown): void => progress.note(String(thrown));
  const leave = async (): Promise<void> => {
    leaving.begun = true;
    if (venue.owns(workflowId)) {
      progress.note(inFlightText(await statusOf(), 'Leaving the run.', 'Ctrl-C again'));
    }
    await venue.leave();
    leaving.over.abort();
  };
  return {
    first: () => void leave().catch(failed),
    again: () => {
      progress.note('Stopping the steps in flight.');
      venue
        .leaveNow()
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
  const steps = listedSteps(run.steps).filter(
    (step) => step.type === 'action' && step.status === 'running',
  );
  if (steps.length === 0) return `${why} Nothing is in flight.`;
  const names = steps.map((step) => oneLine(step.step_id)).join(', ');
  return `${why} Waiting for ${counted(steps.length, 'step')} in flight (${names}); ${how} stops them.`;
}
