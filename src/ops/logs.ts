/**
 * `logs` and `followLogs`: what the processes of a run's steps printed, masked, in order.
 */
import type { RunId } from '../model/ids.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { LogChunk } from '../model/store.ts';
import { NOT_MCP, type Operation, type StreamOperation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { resolveRun, resolveStep } from './run-ref.ts';
import { followLogsInput, logChunk, logsInput, logsOutput } from './schemas.ts';
import { waitUntil } from './waiting.ts';
import { logChunkOf } from './wire.ts';

const PAGE = 200;

export function createLogs(parts: OpsParts): Operation<typeof logsInput, typeof logsOutput> {
  const { store } = parts;
  return {
    name: 'logs',
    summary: 'Read what the shell steps of a run printed',
    input: logsInput,
    output: logsOutput,
    surfaces: NOT_MCP,
    async handle(_ctx, input) {
      const runId = resolveRun(store, input.workflow_id);
      const path = pathOf(parts, runId, input.step_id);
      const found = store.logs(runId, input.after_offset, input.limit + 1, path);
      const page = found.slice(0, input.limit);
      const last = page.at(-1);
      return {
        workflow_id: runId,
        chunks: page.map(logChunkOf),
        next_after_offset: found.length > page.length && last !== undefined ? last.offset : null,
      };
    },
  };
}

export function createFollowLogs(
  parts: OpsParts,
): StreamOperation<typeof followLogsInput, typeof logChunk> {
  const { store, engine } = parts;
  return {
    name: 'followLogs',
    summary: 'Follow what the shell steps of a run print',
    input: followLogsInput,
    output: logChunk,
    surfaces: NOT_MCP,
    async *follow(ctx, input) {
      const runId = resolveRun(store, input.workflow_id);
      const path = pathOf(parts, runId, input.step_id);
      let after = input.after_offset;
      const look = (): readonly LogChunk[] | null => {
        // Asked first: what is written between the two looks is then seen by the second.
        const head = store.head(runId);
        const isOver = head === null || isRunEnded(head.status);
        const chunks = store.logs(runId, after, PAGE, path);
        return chunks.length > 0 || isOver ? chunks : null;
      };
      while (ctx.abort?.aborted !== true) {
        // Printed text is no event: what this process writes is looked for by time as well.
        const timeoutMs = engine === null ? null : OWN_LOOK_MS;
        const chunks = await waitUntil(parts, look, { timeoutMs, abort: ctx.abort, runId });
        if (chunks === null) continue;
        if (chunks.length === 0) return;
        for (const chunk of chunks) {
          after = chunk.offset;
          yield logChunkOf(chunk);
        }
      }
    },
  };
}

/** How often a process that executes looks for what it has itself written, milliseconds. */
const OWN_LOOK_MS = 100;

/** The step's path; a step that did not begin yet may still print, so any path is taken then. */
function pathOf(parts: OpsParts, runId: RunId, reference: string | undefined): string | undefined {
  if (reference === undefined) return undefined;
  return resolveStep(parts.reader.read(runId).state, reference).path;
}
