/**
 * `logs` and `followLogs`: what the processes of a run's steps printed, masked, in order.
 */
import type { RunId } from '../model/ids.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { LogChunk, Store } from '../model/store.ts';
import { followLogsInput, logChunk, logsInput, logsOutput } from './event-schemas.ts';
import { NOT_MCP, type Operation, type StreamOperation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { resolveRun, resolveStep } from './run-ref.ts';
import { waitUntil } from './waiting.ts';
import { type LogChunkView, logChunkOf } from './wire.ts';

const PAGE = 200;

export function createLogs(parts: OpsParts): Operation<typeof logsInput, typeof logsOutput> {
  const { store } = parts;
  return {
    name: 'logs',
    summary: 'Read what the shell steps of a run printed',
    input: logsInput,
    output: logsOutput,
    surfaces: NOT_MCP,
    access: 'read',
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
  const { store } = parts;
  return {
    name: 'followLogs',
    summary: 'Follow what the shell steps of a run print',
    input: followLogsInput,
    output: logChunk,
    surfaces: NOT_MCP,
    access: 'read',
    follow(ctx, input) {
      const runId = resolveRun(store, input.workflow_id);
      const path = pathOf(parts, runId, input.step_id);
      return followFrom(parts, { runId, path, after: input.after_offset, abort: ctx.abort });
    },
  };
}

interface Following {
  readonly runId: RunId;
  readonly path: string | undefined;
  readonly after: number;
  readonly abort: AbortSignal | undefined;
}

async function* followFrom(parts: OpsParts, following: Following): AsyncGenerator<LogChunkView> {
  const { store, engine } = parts;
  const { runId, path, abort } = following;
  let { after } = following;
  const printed = (): readonly LogChunk[] => store.logs(runId, after, PAGE, path);
  const look = (): readonly LogChunk[] | null => {
    const chunks = printed();
    return chunks.length > 0 || hasEnded(store, runId) ? chunks : null;
  };
  while (abort?.aborted !== true) {
    // Printed text is no event: what this process writes is looked for by time as well.
    const timeoutMs = engine === null ? null : OWN_LOOK_MS;
    let chunks = (await waitUntil(parts, look, { timeoutMs, abort, runId })) ?? printed();
    if (chunks.length === 0 && hasEnded(store, runId)) {
      // The last of it is written a moment after the end.
      await waitUntil(parts, () => null, { timeoutMs: SETTLE_MS, abort, runId });
      chunks = printed();
      if (chunks.length === 0) return;
    }
    for (const chunk of chunks) {
      after = chunk.offset;
      yield logChunkOf(chunk);
    }
  }
}

const hasEnded = (store: Store, runId: RunId): boolean => {
  const head = store.head(runId);
  return head === null || isRunEnded(head.status);
};

/** How long after a run's end its last printed text may come, milliseconds. */
const SETTLE_MS = 400;

/** How often a process that executes looks for what it has itself written, milliseconds. */
const OWN_LOOK_MS = 100;

/** The step's path; a step that did not begin yet may still print, so any path is taken then. */
function pathOf(parts: OpsParts, runId: RunId, reference: string | undefined): string | undefined {
  if (reference === undefined) return undefined;
  return resolveStep(parts.reader.read(runId).state, reference).path;
}
