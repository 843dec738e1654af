/**
 * `verify`: whether the database is whole and every run's rows are what its log says. It only reads,
 * and works beside whoever executes.
 */
import type { RunId } from '../model/ids.ts';
import { compareRun, type Mismatch } from './compare-run.ts';
import type { CallContext, Operation, Surface } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { resolveRun } from './run-ref.ts';
import { verifyInput, verifyOutput } from './upkeep-schemas.ts';

/** Reads everything: the daemon has better things to do. */
const SURFACES: readonly Surface[] = ['cli'];

interface VerifyProgress {
  readonly phase: 'file' | 'runs';
  readonly checked: number;
  readonly total: number;
}

/** A caller that wants to see how far it is. */
export interface VerifyContext extends CallContext {
  readonly onProgress?: (progress: VerifyProgress) => void;
}

const RUNS_AT_ONCE = 100;
/** Differences that are named; the rest is only counted. */
const MAX_NAMED = 200;

export function createVerify(parts: OpsParts): Operation<typeof verifyInput, typeof verifyOutput> {
  const { store, clock } = parts;
  return {
    name: 'verify',
    summary: "Check the database, and every run's rows against its log",
    input: verifyInput,
    output: verifyOutput,
    surfaces: SURFACES,
    access: 'admin',
    async handle(ctx: VerifyContext, input) {
      const startedAt = clock.monotonic();
      const named: Mismatch[] = [];
      let differences = 0;
      let runs = 0;
      const check = (runId: RunId): void => {
        const found = compareRun(parts, runId);
        differences += found.length;
        named.push(...found.slice(0, MAX_NAMED - named.length));
        runs += 1;
      };
      const isOne = input.workflow_id !== undefined;
      if (!isOne) ctx.onProgress?.({ phase: 'file', checked: 0, total: 0 });
      const problems = isOne ? [] : parts.upkeep.checkDatabase('whole');
      if (input.workflow_id !== undefined) check(resolveRun(store, input.workflow_id));
      else for await (const runId of allRuns(parts, ctx, () => runs)) check(runId);
      return {
        ok: problems.length === 0 && differences === 0,
        problems: [...problems],
        runs,
        differences,
        mismatches: named.map(({ runId, ...rest }) => ({ workflow_id: runId, ...rest })),
        duration_ms: Math.round(clock.monotonic() - startedAt),
        stopped: ctx.abort?.aborted === true,
      };
    },
  };
}

/** Every run there is, newest first; what is started meanwhile is left out. */
async function* allRuns(
  { store, clock }: OpsParts,
  { onProgress, abort }: VerifyContext,
  checked: () => number,
): AsyncGenerator<RunId> {
  const total = Object.values(store.countRuns()).reduce((sum, count) => sum + count, 0);
  let cursor: string | undefined;
  do {
    const page = store.queryRuns({
      limit: RUNS_AT_ONCE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const row of page.items) yield row.runId;
    cursor = page.nextCursor ?? undefined;
    onProgress?.({ phase: 'runs', checked: checked(), total });
    await new Promise<void>((resume) => clock.soon(resume));
  } while (cursor !== undefined && abort?.aborted !== true);
}
