/**
 * `next` of an answer about a run: the one call that takes it on, or what somebody else has to do first.
 *
 * For a failed run the cause decides. Only a failure that can go away by itself is retried; what the
 * definition says wrong fails again however often it is tried, so the advice is a rerun with a corrected
 * definition, which keeps what completed.
 */
import { incompleteIn } from '../core/resets.ts';
import { type ErrorCode, isRetryable, type StepFailure } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { DecisionRow } from '../model/store.ts';
import { OUTPUT_STEP } from './reuse.ts';
import type { ReadRun } from './run-reader.ts';
import type { RunResult, WaitingForView } from './shapes.ts';
import { decisionOf } from './wire.ts';

export type Next = NonNullable<RunResult['next']>;

/** What to call next when the run is not finished or has failed, else null. */
export function nextOf(
  run: ReadRun,
  decisions: readonly DecisionRow[],
  waits: readonly WaitingForView[] = [],
): Next | null {
  const [decision] = decisions;
  if (decision !== undefined) return decideNext(decision);
  const { row, state } = run;
  const status = state.seq === 0 ? row.status : state.status;
  if (status === 'failed') return failedNext(state);
  if (isRunEnded(status)) return null;
  const workflow_id = row.runId;
  const known = status === 'suspended' ? suspendedNext(workflow_id, waits) : null;
  if (known !== null) return known;
  return {
    tool: 'status',
    arguments: { workflow_id, wait: '25s' },
    why: 'it has not ended: wait for it',
  };
}

/** What moves a suspended run: in it, or in the run that it awaits. */
function suspendedNext(runId: string, waits: readonly WaitingForView[]): Next | null {
  for (const { workflow_id = runId, kind, name = '' } of waits) {
    if (kind === 'signal') {
      return {
        tool: 'signal',
        arguments: { workflow_id, signal_type: 'data', name, payload: {} },
        why: `it waits for the signal "${name}"`,
      };
    }
    if (kind === 'paused') {
      return {
        tool: 'signal',
        arguments: { workflow_id, signal_type: 'resume' },
        why:
          name === 'quarantined'
            ? 'its process died again and again: resume it once the cause is gone'
            : 'it is paused: resume it when it shall go on',
      };
    }
    if (kind === 'vault') return { why: 'a person unlocks the vault; then it goes on by itself' };
  }
  return null;
}

/** The choices stand beside the arguments: only one of them can be sent. */
function decideNext(decision: DecisionRow): Next {
  const options = decisionOf(decision).options.map(({ id }) => id);
  return {
    tool: 'signal',
    arguments: {
      workflow_id: decision.runId,
      signal_type: 'decision',
      step_id: decision.path,
    },
    ...(options.length === 0 ? {} : { options }),
    why:
      options.length === 0
        ? 'a decision is pending: add payload {choice: any text}'
        : 'a decision is pending: add payload {choice: one of options}',
  };
}

/** What to do about a run that failed. */
export function failedNext(state: RunState): Next {
  const workflow_id = state.runId;
  const { error } = state;
  if (error === null) return retryNext(workflow_id);
  const special = SPECIAL[error.code]?.(workflow_id, error);
  if (special !== undefined) return special;
  return isRetryable(error.code) && !isOfFilter(error)
    ? retryNext(workflow_id)
    : correctedNext(state, error);
}

/** What a jq filter says of its data, in whatever run below: the same data gives it again. */
function isOfFilter({ details }: StepFailure): boolean {
  if (!isJsonObject(details)) return false;
  return details.reported_by === 'jq' || isOfFilter({ details: details.child } as StepFailure);
}

const retryNext = (workflow_id: string): Next => ({
  tool: 'signal',
  arguments: { workflow_id, signal_type: 'retry' },
  why: 'it failed: retry its failed steps once the cause is gone',
});

/** The template that the failed step ran as a child; null when it ran none. */
function childTemplate(state: RunState, path: string | undefined): string | null {
  const step = path === undefined ? undefined : state.steps.get(path);
  if (step?.sub?.kind !== 'child') return null;
  const name = step.params?.template_name;
  return typeof name === 'string' ? name : null;
}

function correctedNext(state: RunState, error: StepFailure): Next {
  const { step_id, code } = error;
  const isOutput = step_id === undefined && incompleteIn(state.top).length === 0;
  const from = isOutput ? OUTPUT_STEP : step_id;
  const isTemplate = state.facts.template !== null;
  const child = childTemplate(state, step_id);
  return {
    tool: 'run',
    arguments: {
      rerun_of: state.runId,
      ...(from === undefined ? {} : { from_step: from }),
      ...(isTemplate ? { version: 'latest' } : {}),
    },
    why: `${code} comes again with a retry: ${isMissingInput(error) ? 'add `params` with that input, or ' : ''}${correction(child, isTemplate)}`,
  };
}

/** Whoever starts the run can give it, with the definition as it is. */
const isMissingInput = ({ code, message }: StepFailure): boolean =>
  code === 'INTERPOLATION_ERROR' && /\binputs has no "/.test(message);

function correction(child: string | null, isTemplate: boolean): string {
  if (child !== null)
    return `correct the template "${child}" that it runs (or one below it) and define it`;
  const then = isTemplate ? 'define it' : 'send the corrected one as `definition`';
  return `correct the definition first, ${then}`;
}

type Special = (workflow_id: string, error: StepFailure) => Next;

/** Failures about which neither a retry nor another definition is the first thing to do. */
const SPECIAL: Partial<Record<ErrorCode, Special>> = {
  VAULT_ERROR: (_id, { message }) => ({
    why: `a person sets ${secretVariable(message)} for the process that executes and restarts it; then retry`,
  }),
  REJECTED: () => ({
    why: 'a decision said no: nothing is to be done; run with rerun_of would ask again',
  }),
  INTERRUPTED: (workflow_id, { step_id }) => ({
    tool: 'status',
    arguments: { workflow_id, ...(step_id === undefined ? {} : { step_id }) },
    why: 'a crash caught the step: find out whether it took effect, then signal skip (it did) or retry',
  }),
  INTERNAL: () => ({
    why: 'a fault of Opcode: a person looks into the log of the process that executed it',
  }),
};

const secretVariable = (message: string): string =>
  /OPCODE_SECRET_[A-Z0-9_]+/.exec(message)?.[0] ?? 'the secret';
