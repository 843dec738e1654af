/**
 * Which processes execute, and whether a run has one.
 */

import type { NodeId } from '../model/ids.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { KnownNode, RunRow } from '../model/store.ts';
import type { OpsDeps } from './deps.ts';

type Deps = Pick<OpsDeps, 'store' | 'clock' | 'processes'>;

/** Roles of processes that take on whatever is claimable. */
const CLAIMING_ROLES: ReadonlySet<string> = new Set(['serve', 'recover', 'mcp', 'daemon']);

/**
 * Alive as far as can be told from here: its process lives, or its lease has not run out. One whose death
 * was noted, by itself when it stopped or by another, is dead until it renews.
 */
export function isNodeAlive(deps: Deps, node: KnownNode): boolean {
  if (node.activeAtDeath !== null) return false;
  const known = deps.processes.isAlive(node);
  return known ?? node.leaseUntil > deps.clock.now();
}

/** Nodes that are known to be gone. */
export const deadNodes = (deps: Deps): readonly NodeId[] =>
  deps.store
    .nodes()
    .filter((node) => !isNodeAlive(deps, node))
    .map((node) => node.nodeId);

/** Unfinished runs that no living process executes and none will by itself. */
export function countWithoutExecutor(deps: Deps): number {
  if (hasClaimer(deps)) return 0;
  return deps.store.countWithoutExecutor(deadNodes(deps));
}

/** True when a living process takes on whatever is claimable. */
export const hasClaimer = (deps: Deps): boolean =>
  deps.store.nodes().some((node) => CLAIMING_ROLES.has(node.role) && isNodeAlive(deps, node));

/** False when nothing will move the run by itself though it has not ended. */
export function hasExecutor(deps: Deps, row: RunRow): boolean {
  if (isRunEnded(row.status)) return true;
  const living = deps.store.nodes().filter((node) => isNodeAlive(deps, node));
  return living.some((node) => node.nodeId === row.owner || CLAIMING_ROLES.has(node.role));
}
