/**
 * Finds the question that a decision signal answers: in the run itself, else in a run that it awaits.
 *
 * Own steps come first. A question is pinned to its path here, as the caller can see it now: when two
 * answer at once, the second gets "already decided" and never the next question of that name. A short
 * name whose question was answered before is refused to who may repeat a call without knowing it.
 */
import { stepsNamed } from '../core/find-step.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { signalKeyText } from '../model/keys.ts';
import type { StepState } from '../model/run-state.ts';
import type { DecisionRow, Store } from '../model/store.ts';
import type { CallContext, Caller } from './operation.ts';
import { ownerOf as callerOf } from './owner.ts';
import type { OpsParts } from './parts.ts';
import type { ReadRun } from './run-reader.ts';
import { awaitedRuns, openDecisions } from './run-tree.ts';

export interface SignalTarget {
  readonly runId: RunId;
  /** The step as the run it is in knows it; left out when that run has to find it. */
  readonly stepId?: string;
}

interface Answer {
  /** Who sends it; a key is known to its own sender alone. */
  readonly by: string | null;
  readonly step_id?: string | undefined;
  readonly idempotency_key?: string | undefined;
}

/** @throws CONFLICT when several questions fit, VALIDATION_ERROR when a short name is not enough */
export function decisionTarget(
  parts: OpsParts,
  { exec, caller }: Pick<CallContext, 'exec' | 'caller'>,
  runId: RunId,
  { by, step_id: ref, idempotency_key: key }: Answer,
): SignalTarget {
  const run = parts.reader.read(runId);
  const asGiven: SignalTarget = { runId, ...(ref === undefined ? {} : { stepId: ref }) };
  // A call with a key that was sent before must find what it found then.
  const repeated = key === undefined ? null : sentBefore(parts.store, runId, { key, by, caller });
  if (repeated !== null) return repeated.runId === runId ? asGiven : repeated;
  const open = openDecisions(parts.store, run);
  const own = open.filter((row) => row.runId === runId);
  const below = open.filter((row) => row.runId !== runId);
  if (ref === undefined) return unnamedTarget(asGiven, own, below, key);
  const byId = parts.store.decision(ref);
  if (byId !== null) return { runId: ownerOf(parts.store, byId, runId), stepId: ref };
  const questions = stepsNamed(run.state, ref).filter(isQuestion);
  if (questions.length > 0)
    return ownTarget(asGiven, questions, { ref, key, mayRepeat: exec === null });
  return belowTarget(parts, run, below, ref) ?? asGiven;
}

/** Without a step: the only question that is open, the run's own before all others. */
function unnamedTarget(
  asGiven: SignalTarget,
  own: readonly DecisionRow[],
  below: readonly DecisionRow[],
  key: string | undefined,
): SignalTarget {
  const [only] = own;
  if (only === undefined && below.length > 0) {
    return onlyOf(below, 'decisions are pending in runs that it awaits');
  }
  return only === undefined || own.length > 1 || key !== undefined ? asGiven : pinned(only);
}

const isQuestion = ({ sub }: StepState): boolean => sub?.kind === 'decision';
const isAnswered = ({ sub }: StepState): boolean =>
  sub?.kind === 'decision' && sub.resolved !== null;
const isAsked = (step: StepState): boolean => step.status === 'suspended' && !isAnswered(step);

const pinned = ({ runId, path }: DecisionRow): SignalTarget => ({ runId, stepId: path });

function ownTarget(
  asGiven: SignalTarget,
  questions: readonly StepState[],
  how: { readonly ref: string; readonly key: string | undefined; readonly mayRepeat: boolean },
): SignalTarget {
  const asked = questions.filter(isAsked);
  const [only, second] = asked;
  if (
    only === undefined ||
    second !== undefined ||
    questions.some(({ path }) => path === how.ref)
  ) {
    return asGiven;
  }
  // A key finds its first answer again by the step as it was given.
  if (how.key !== undefined) return asGiven;
  if (how.mayRepeat && questions.some(isAnswered)) throw tooShort(how.ref, only.path);
  return { ...asGiven, stepId: only.path };
}

const tooShort = (ref: string, path: string): AppError =>
  new AppError(
    'VALIDATION_ERROR',
    `step_id: a question "${ref}" was answered before in this run; the one that is open is "${path}"`,
    {
      hint: 'give its path, its decision id, or an idempotency_key: a repeated call must not answer the next question',
      details: { step_id: path },
    },
  );

/** A question below: by the step that awaits its run, by its path, or by the last part of it. */
function belowTarget(
  { store }: OpsParts,
  run: ReadRun,
  below: readonly DecisionRow[],
  ref: string,
): SignalTarget | null {
  const isNamed = ({ path }: DecisionRow): boolean => path === ref || path.endsWith(`.${ref}`);
  const named = below.filter(isNamed);
  if (named.length > 0) return onlyOf(named, `questions "${ref}" are open in runs that it awaits`);
  const children = new Set(
    stepsNamed(run.state, ref).flatMap(({ sub }) => (sub?.kind === 'child' ? [sub.childId] : [])),
  );
  if (children.size === 0) return null;
  const parents = new Map(awaitedRuns(store, run).rows.map((row) => [row.runId, row.parentId]));
  const isUnder = (runId: RunId): boolean => {
    for (let at: RunId | null | undefined = runId; at != null; at = parents.get(at)) {
      if (children.has(at)) return true;
    }
    return false;
  };
  const under = below.filter((row) => isUnder(row.runId));
  return under.length === 0 ? null : onlyOf(under, `questions are open below step "${ref}"`);
}

const SHOWN = 6;

function onlyOf(rows: readonly DecisionRow[], what: string): SignalTarget {
  const [only] = rows;
  if (only !== undefined && rows.length === 1) return pinned(only);
  const places = rows.slice(0, SHOWN).map(({ runId, path }) => `${path} of run ${runId}`);
  throw new AppError(
    'CONFLICT',
    `${rows.length} ${what} (${places.join(', ')}${rows.length > SHOWN ? ', …' : ''})`,
    {
      hint: 'answer one of them: give its decision id as step_id, or send it to that run',
      details: { pending_decisions: rows.slice(0, SHOWN).map((row) => row.id) },
    },
  );
}

const MAX_DEPTH = 64;

/** The run of a decision when that is the given one or lies below it; else the given one. */
function ownerOf(store: Pick<Store, 'run'>, row: DecisionRow, runId: RunId): RunId {
  let at: RunId | null = row.runId;
  for (let depth = 0; at !== null && depth < MAX_DEPTH; depth++) {
    if (at === runId) return row.runId;
    at = store.run(at)?.parentId ?? null;
  }
  return runId;
}

/** Runs below that are searched for a key that was sent before. */
const MAX_SEARCHED = 200;

/** Where a signal with this key went: to the run, or to one that it awaited, ended ones too. */
function sentBefore(
  store: Pick<Store, 'queryRuns' | 'sentWithKey'>,
  runId: RunId,
  {
    key,
    by,
    caller,
  }: { readonly key: string; readonly by: string | null; readonly caller: Caller },
): SignalTarget | null {
  const text = signalKeyText(callerOf(caller), key);
  const queue: RunId[] = [runId];
  for (let next = 0; next < queue.length && next < MAX_SEARCHED; next++) {
    const at = queue[next] as RunId;
    const own = store.sentWithKey(at, text);
    // A key from before callers were told apart is its sender's.
    const sent = own ?? store.sentWithKey(at, key);
    const body = isJsonObject(sent?.body ?? null) ? (sent?.body as JsonObject) : null;
    if (body !== null && (own !== null || body.by === by)) {
      const { step_id: step } = body;
      return { runId: at, ...(typeof step === 'string' ? { stepId: step } : {}) };
    }
    const room = MAX_SEARCHED - queue.length;
    if (room > 0) {
      queue.push(...store.queryRuns({ parentId: at, limit: room }).items.map((row) => row.runId));
    }
  }
  return null;
}
