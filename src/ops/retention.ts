/**
 * Retention: takes away the runs whose time has passed and shrinks the file, beside whoever works.
 *
 * The write lock is held for moments only, with rests between them while others execute; room is given
 * back on the way, so that it also works on a disk with hardly any left. It may be stopped, or die, at
 * any point: the next one goes on. Unfinished runs are never touched.
 */
import { AppError } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { Store } from '../model/store.ts';
import type { EndedStatus } from '../model/upkeep-store.ts';
import type { OpsDeps } from './deps.ts';
import { deadNodes, isNodeAlive } from './executors.ts';

export interface ExpiryRule {
  readonly status: EndedStatus;
  /** Epoch milliseconds: what ended before goes. */
  readonly endedBefore: number;
}

export interface GcRequest {
  readonly rules: readonly ExpiryRule[];
  readonly keepLast: number;
  readonly abort?: AbortSignal | undefined;
  readonly onProgress?: ((progress: GcProgress) => void) | undefined;
}

export interface GcProgress {
  readonly phase: 'runs' | 'space';
  /** Runs gone so far. */
  readonly runs: number;
  readonly bytes: number;
}

export interface GcResult {
  readonly runs: number;
  readonly children: number;
  readonly byStatus: Readonly<Record<EndedStatus, number>>;
  readonly definitions: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly durationMs: number;
  readonly stopped: boolean;
}

type Parts = Pick<OpsDeps, 'store' | 'clock' | 'processes'>;

/** The write lock is held this long at most, or for one statement. */
const SLICE_MS = 4;
/** While others execute, as many times what was worked is rested. */
const REST_SHARE = 3;
const RUNS_AT_ONCE = 50;
const DEFINITIONS_AT_ONCE = 50;
const RUNS_LOOKED_AT_ONCE = 5000;
/** Free room beyond this is given back on the way. */
const FREE_BYTES_KEPT = 4 * 1024 * 1024;
/** A definition stays this long after its last use was gone: who reads it now may be about to use it. */
const DEFINITION_GRACE_MS = 600_000;
/** How long the row of a dead process tells when it was last seen. */
const NODE_KEPT_MS = 86_400_000;

interface Collecting extends Parts {
  readonly request: GcRequest;
  readonly total: { children: number; definitions: number };
  readonly byStatus: Record<EndedStatus, number>;
}

/** Removes what the rules say and gives the room back. @throws STORE_ERROR */
export async function collectGarbage(parts: Parts, request: GcRequest): Promise<GcResult> {
  const { store, clock } = parts;
  const startedAt = clock.monotonic();
  const before = store.space().bytes;
  const work: Collecting = {
    ...parts,
    request,
    total: { children: 0, definitions: 0 },
    byStatus: { completed: 0, failed: 0, cancelled: 0 },
  };
  // What an earlier one left when it was stopped.
  await clearAll(work);
  for (const rule of request.rules) await removeExpired(work, rule);
  await dropDefinitions(work);
  store.forgetNodes(deadNodes(parts), clock.now() - NODE_KEPT_MS);
  await giveBackAll(work);
  if (!isStopped(work)) store.noteUpkeep('gc', clock.now());
  store.checkpoint('whole');
  store.keepReserve();
  return {
    ...work.total,
    runs: runsOf(work),
    byStatus: work.byStatus,
    bytesBefore: before,
    bytesAfter: store.space().bytes,
    durationMs: clock.monotonic() - startedAt,
    stopped: isStopped(work),
  };
}

/** What the rules would remove just now. */
export async function countExpired(
  parts: Parts,
  { rules, keepLast, abort }: GcRequest,
): Promise<Pick<GcResult, 'runs' | 'children' | 'byStatus'>> {
  const byStatus = { completed: 0, failed: 0, cancelled: 0 };
  let children = 0;
  const dead = deadNodes(parts);
  for (const rule of rules) {
    let cursor: string | undefined;
    do {
      const page = parts.store.expiredRuns({
        ...rule,
        keepLast,
        dead,
        limit: RUNS_AT_ONCE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      byStatus[rule.status] += page.items.length;
      children += page.items.reduce((sum, run) => sum + run.children, 0);
      cursor = page.nextCursor ?? undefined;
      await new Promise<void>((resume) => parts.clock.soon(resume));
    } while (cursor !== undefined && abort?.aborted !== true);
  }
  return { runs: runsOf({ byStatus, total: { children } }), children, byStatus };
}

const runsOf = ({
  byStatus,
  total,
}: {
  readonly byStatus: Collecting['byStatus'];
  readonly total: { readonly children: number };
}): number => byStatus.completed + byStatus.failed + byStatus.cancelled + total.children;

const isStopped = ({ request }: Collecting): boolean => request.abort?.aborted === true;

async function removeExpired(work: Collecting, rule: ExpiryRule): Promise<void> {
  const { store, request, total, byStatus } = work;
  let cursor: string | undefined;
  do {
    const dead = deadNodes(work);
    const page = store.expiredRuns({
      ...rule,
      keepLast: request.keepLast,
      dead,
      limit: RUNS_AT_ONCE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    cursor = page.nextCursor ?? undefined;
    const childrenOf = new Map(page.items.map((run) => [run.runId, run.children]));
    const removed = await slice(work, () => store.removeRuns([...childrenOf.keys()], dead));
    byStatus[rule.status] += removed.length;
    for (const runId of removed) total.children += childrenOf.get(runId) ?? 0;
    await clearAll(work);
  } while (cursor !== undefined && !isStopped(work));
}

/** Clears what removed runs left. */
async function clearAll(work: Collecting): Promise<void> {
  const { store } = work;
  for (let done = false; !done && !isStopped(work); ) {
    done = await slice(work, (ms) => store.clearRemoved(ms).done);
    tell(work, 'runs');
  }
  if (store.space().freeBytes > FREE_BYTES_KEPT) await giveBackAll(work, FREE_BYTES_KEPT / 2);
}

async function dropDefinitions(work: Collecting): Promise<void> {
  const { store, clock, total } = work;
  const unused = new Set(store.looseDefinitions());
  let after: number | null = unused.size === 0 ? null : 0;
  while (after !== null && !isStopped(work)) {
    const page = store.definitionsOfRuns(after, RUNS_LOOKED_AT_ONCE);
    for (const hash of page.hashes) unused.delete(hash);
    after = page.next;
    await rest(work, 0);
  }
  if (isStopped(work)) return;
  const nowMs = clock.now();
  store.noteUnusedDefinitions([...unused], nowMs);
  const drop = (): number =>
    store.dropDefinitions(nowMs - DEFINITION_GRACE_MS, DEFINITIONS_AT_ONCE);
  for (let more = true; more && !isStopped(work); ) {
    const dropped = await slice(work, drop);
    total.definitions += dropped;
    more = dropped === DEFINITIONS_AT_ONCE;
  }
}

async function giveBackAll(work: Collecting, keepBytes = 0): Promise<void> {
  const { store } = work;
  for (let done = false; !done && !isStopped(work); ) {
    done = await slice(work, (ms) => {
      const isAll = store.giveBack(ms);
      store.checkpoint('passing');
      return isAll;
    });
    tell(work, 'space');
    if (keepBytes > 0 && store.space().freeBytes <= keepBytes) return;
  }
}

function tell(work: Collecting, phase: GcProgress['phase']): void {
  work.request.onProgress?.({ phase, runs: runsOf(work), bytes: work.store.space().bytes });
}

/** One short piece of work, then a rest. On a full disk it is tried again with as little as can be. */
async function slice<T>(work: Collecting, piece: (maxMs: number) => T): Promise<T> {
  const startedAt = work.clock.monotonic();
  let result: T;
  try {
    result = piece(SLICE_MS);
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
    makeRoom(work.store, thrown);
    result = piece(0);
  }
  await rest(work, work.clock.monotonic() - startedAt);
  return result;
}

/** Lets go of the reserve, and of the log of changes. @throws STORE_ERROR when there is no room at all */
function makeRoom(store: Store, cause: unknown): void {
  const hadReserve = store.spendReserve();
  try {
    store.checkpoint('whole');
  } catch (thrown) {
    if (!isDiskFull(thrown) || hadReserve) throw thrown;
    throw new AppError('STORE_ERROR', 'there is no room at all on the disk of the database', {
      cause,
      hint: 'free some MB there by hand, then run opcode gc; nothing was lost',
      details: { kind: 'full' },
    });
  }
}

const isDiskFull = (thrown: unknown): boolean =>
  thrown instanceof AppError && isJsonObject(thrown.details) && thrown.details.kind === 'full';

function rest(work: Collecting, workedMs: number): Promise<void> {
  const { clock } = work;
  const isShared = work.store.nodes().some((node) => isNodeAlive(work, node));
  return new Promise((resume) =>
    isShared && workedMs > 0 ? clock.after(workedMs * REST_SHARE, resume) : clock.soon(resume),
  );
}
