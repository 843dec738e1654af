/**
 * The loop: runs with inputs are decided in the next turn, all that are ready in the same turn
 * together. One group is under way at a time; what comes in meanwhile makes the next group.
 */
import type { EngineInput } from '../model/input.ts';
import { type CommitParts, commitGroup } from './commit.ts';
import type { LiveRun } from './live-run.ts';

export interface Mailbox {
  deliver(run: LiveRun, input: EngineInput): void;
  /** Looks at a run in the next turn, also without inputs. */
  wake(run: LiveRun): void;
  /** Resolves when nothing is being decided or committed. */
  idle(): Promise<void>;
}

/** The mailbox of one engine. */
export function createMailbox(parts: CommitParts): Mailbox {
  const { clock } = parts.deps;
  const ready = new Set<LiveRun>();
  let scheduled = false;
  let flushing: Promise<void> | null = null;

  const wake = (run: LiveRun): void => {
    ready.add(run);
    run.busy = true;
    if (scheduled || flushing !== null) return;
    scheduled = true;
    clock.soon(() => {
      scheduled = false;
      flushing ??= flush().finally(() => {
        flushing = null;
        const [left] = ready;
        if (left !== undefined) wake(left);
      });
    });
  };
  const flush = async (): Promise<void> => {
    while (ready.size > 0) {
      const runs = [...ready].filter((run) => !run.lost);
      ready.clear();
      await commitGroup(parts, runs, wake);
      // Timers, requests and results of others come in between two groups.
      if (ready.size > 0) await new Promise<void>((done) => clock.soon(done));
    }
  };

  return {
    deliver(run, input) {
      run.inputs.push(input);
      wake(run);
    },
    wake,
    async idle() {
      while (flushing !== null || scheduled || ready.size > 0) {
        await (flushing ?? new Promise<void>((done) => clock.soon(done)));
      }
    },
  };
}
