/**
 * This process as an executor: its node row, its lease, and which other nodes are gone.
 *
 * A lease only says who may try; what protects a run is the epoch in every append. On one machine a
 * dead process is recognised at once, otherwise its lease has to run out.
 */
import { messageOf } from '../model/error.ts';
import type { NodeId } from '../model/ids.ts';
import type { NodeRow } from '../model/store.ts';
import type { RuntimeDeps } from './deps.ts';

export interface Ownership {
  readonly nodeId: NodeId;
  /** True while this process may append: its lease is fresh, or could be renewed just now. */
  mayWrite(): boolean;
  /** Nodes that are known to be gone; what each owned when that was found is noted first. */
  deadNodes(): readonly NodeId[];
  /** What is known of an owner that is gone. */
  previous(node: NodeId): PreviousOwner;
  /** Notes what this node owns, as if it had died: before it claims that again, or leaves it for good. */
  noteOwnDeath(): void;
  /** `leaves`: runs still name this node, so its row stays, with its lease over. */
  close(leaves: boolean): void;
}

/** An owner before this one. */
export interface PreviousOwner {
  /** When it was last known to live, epoch milliseconds, or null. */
  readonly lastSeenMs: number | null;
  /** Active runs that it owned when its death was found; null when nobody counted them. */
  readonly activeRuns: number | null;
}

/**
 * Registers this process and keeps its lease; `onLost` is called when it could not be kept,
 * `onKept` after each renewal.
 */
export function createOwnership(
  deps: RuntimeDeps,
  onLost: () => void,
  onKept: () => void,
): Ownership {
  const { store, clock, config, node, log } = deps;
  const row = (): NodeRow => ({
    ...node,
    leaseUntil: clock.now() + config.leaseMs,
    startedAt: clock.now(),
  });
  store.register(row());
  let renewedAt = clock.monotonic();
  let closed = false;
  let cancel: () => void = () => undefined;

  const renew = (): boolean => {
    try {
      if (!store.renew(node.nodeId, clock.now() + config.leaseMs)) {
        // Somebody took our row for dead: our runs are lost, the process itself goes on.
        store.register(row());
        renewedAt = clock.monotonic();
        onLost();
        return false;
      }
      renewedAt = clock.monotonic();
      return true;
    } catch (thrown) {
      log.warn('the lease could not be renewed', { error: messageOf(thrown) });
      return false;
    }
  };
  const tick = (): void => {
    if (closed) return;
    if (renew()) onKept();
    else if (clock.monotonic() - renewedAt > (config.leaseMs * 2) / 3) onLost();
    cancel = clock.after(config.renewMs, tick);
  };
  cancel = clock.after(config.renewMs, tick);

  return {
    nodeId: node.nodeId,
    mayWrite() {
      if (clock.monotonic() - renewedAt <= (config.leaseMs * 2) / 3) return true;
      return renew();
    },
    deadNodes: () => deadNodes(deps),
    previous(nodeId) {
      const found = store.nodes().find((other) => other.nodeId === nodeId);
      if (found === undefined) return { lastSeenMs: null, activeRuns: null };
      const { leaseUntil, activeAtDeath } = found;
      return { lastSeenMs: leaseUntil - config.leaseMs, activeRuns: activeAtDeath };
    },
    noteOwnDeath: () => store.noteDeaths([node.nodeId]),
    close(leaves) {
      closed = true;
      cancel();
      if (!leaves) {
        store.remove(node.nodeId);
        return;
      }
      store.renew(node.nodeId, clock.now() - 1);
      store.noteDeaths([node.nodeId]);
    },
  };
}

/** Nodes whose process is gone, or whose lease ran out and cannot be looked at from here. */
function deadNodes(deps: Pick<RuntimeDeps, 'store' | 'clock' | 'node' | 'processes'>): NodeId[] {
  const now = deps.clock.now();
  const dead = deps.store.nodes().filter((other) => {
    if (other.nodeId === deps.node.nodeId) return false;
    return deps.processes.isAlive(other) === false || other.leaseUntil < now;
  });
  const found = dead.filter(({ activeAtDeath }) => activeAtDeath === null);
  if (found.length > 0) deps.store.noteDeaths(found.map(({ nodeId }) => nodeId));
  return dead.map(({ nodeId }) => nodeId);
}
