/** `nodes`: the processes that execute, and how many runs have none. */
import { toRfc3339 } from '../model/time.ts';
import { countWithoutExecutor } from './executors.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { nodesInput, nodesOutput } from './schemas.ts';

export function createNodes(parts: OpsParts): Operation<typeof nodesInput, typeof nodesOutput> {
  return {
    name: 'nodes',
    summary: 'List the processes that execute runs',
    input: nodesInput,
    output: nodesOutput,
    surfaces: NOT_MCP,
    access: 'read',
    async handle() {
      const nodes = parts.store.nodes().map((node) => ({
        node_id: node.nodeId,
        role: node.role,
        pid: node.pid,
        host: node.host,
        uid: node.uid,
        version: node.version,
        started_at: toRfc3339(node.startedAt),
        lease_until: toRfc3339(node.leaseUntil),
        alive: parts.processes.isAlive(node),
      }));
      return { nodes, without_executor: countWithoutExecutor(parts) };
    },
  };
}
