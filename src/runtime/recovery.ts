/**
 * Taking on everything that is claimable, a batch at a time.
 *
 * One round is under way at a time; who asks meanwhile gets another look after it, so that what came
 * behind its back is found too.
 */
import type { NodeId, RunId } from '../model/ids.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun } from './live-run.ts';
import type { Ownership } from './ownership.ts';
import type { RunTable } from './run-table.ts';

export interface RecoveryParts {
  readonly deps: Pick<RuntimeDeps, 'store' | 'clock' | 'config'>;
  readonly runs: RunTable;
  readonly ownership: Pick<Ownership, 'deadNodes'>;
  /** Never rejects; null when the run could not be had. */
  readonly claim: (runId: RunId, dead: readonly NodeId[]) => Promise<LiveRun | null>;
}

/** Claims in flight at once: few while a process begins, so that all else moves too … */
const FIRST_BATCH = 16;
const FIRST_RUNS = 512;
/** … then more, which share a commit. */
const LATER_BATCH = 128;
/** Ids read from the store at a time. */
const PAGE = 2048;

/** Claims what is claimable now and answers how many runs that were. */
export function createRecovery(parts: RecoveryParts): () => Promise<number> {
  let underWay: Promise<number> | null = null;
  let again = false;
  const rounds = async (): Promise<number> => {
    let count = 0;
    do {
      again = false;
      count += await recoverAll(parts);
    } while (again && !parts.runs.stopping);
    return count;
  };
  return () => {
    if (underWay !== null) again = true;
    underWay ??= rounds().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

async function recoverAll(parts: RecoveryParts): Promise<number> {
  const { deps, ownership } = parts;
  /** Runs that could not be had stay claimable; those that could are claimable no more. */
  const refused = new Set<RunId>();
  let count = 0;
  for (;;) {
    const dead = ownership.deadNodes();
    const limit = PAGE + refused.size;
    const found = deps.store.claimable(deps.clock.now(), dead, limit);
    const ids = found.filter((id) => !refused.has(id));
    const claim = (id: RunId): Promise<LiveRun | null> => parts.claim(id, dead);
    count += await claimEach(parts, ids, claim, refused);
    if (!mayGoOn(parts)) return count;
    if (found.length < limit) return count;
  }
}

async function claimEach(
  parts: RecoveryParts,
  ids: readonly RunId[],
  claim: (runId: RunId) => Promise<LiveRun | null>,
  refused: Set<RunId>,
): Promise<number> {
  let count = 0;
  for (let from = 0; from < ids.length && mayGoOn(parts); ) {
    const batch = ids.slice(from, from + (from < FIRST_RUNS ? FIRST_BATCH : LATER_BATCH));
    from += batch.length;
    const claimed = await Promise.all(batch.map(claim));
    batch.forEach((id, at) => {
      if (claimed[at] == null) refused.add(id);
      else count += 1;
    });
    // What was claimed is decided, started and parked meanwhile: the first need not wait for the last.
    await new Promise<void>((resume) => parts.deps.clock.soon(resume));
  }
  return count;
}

const mayGoOn = ({ runs, deps }: RecoveryParts): boolean =>
  !runs.stopping && runs.live.size < deps.config.maxLiveRuns;
