/**
 * Which secrets are masked in what a run records: every one that it, its parents and its children have
 * used or that its definition names, and our own. Their names are in the log and in the store, so that
 * whoever takes the run over masks the same; their values are looked up when they are needed.
 */
import type { StepFailure } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { EngineInput } from '../model/input.ts';
import type { Masker } from '../model/ports.ts';
import type { RunState } from '../model/run-state.ts';
import type { RunAppend } from '../model/store.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun } from './live-run.ts';

type Deps = Pick<RuntimeDeps, 'store' | 'secrets' | 'createMasker' | 'ownSecrets'>;

/** A shorter value would be found in everybody's data: it is masked only where it was used itself. */
const MIN_RUN_WIDE = 4;

/** Values to be masked in what the run records just now; `used` are those that an attempt was given. */
export function secretValues(
  deps: Deps,
  run: LiveRun,
  used: readonly string[] = [],
): readonly string[] {
  const values = new Set(used);
  for (const value of deps.ownSecrets?.() ?? []) values.add(value);
  for (const name of namesOf(deps, run)) {
    const secret = deps.secrets.resolve(name);
    if (secret.ok && secret.value.length >= MIN_RUN_WIDE) values.add(secret.value);
  }
  return [...values];
}

/** Masks what the run records just now. */
export const maskerOf = (deps: Deps, run: LiveRun, used: readonly string[] = []): Masker =>
  deps.createMasker(secretValues(deps, run, used));

/** Names of the secrets that are masked in what the run records. */
export function namesOf(deps: Pick<Deps, 'store'>, run: LiveRun): ReadonlySet<string> {
  const { state, plan } = run;
  const names = new Set([...plan.secretNames, ...(state?.usedSecrets ?? [])]);
  if (state !== null && (state.facts.parent !== null || state.hasChildren)) {
    for (const { name } of deps.store.usedSecrets(rootOf(deps, run))) names.add(name);
  }
  return names;
}

/** The run at the top of the tree that this one belongs to: itself, unless it is awaited by another. */
function rootOf({ store }: Pick<Deps, 'store'>, run: LiveRun): RunId {
  if (run.root !== null) return run.root;
  let root = run.runId;
  const facts = run.state?.facts ?? run.starting?.facts;
  let above = (facts?.parent?.runId ?? null) as RunId | null;
  while (above !== null) {
    root = above;
    above = store.run(above)?.parentId ?? null;
  }
  run.root = root;
  return root;
}

/** Hexadecimal digits, of four bits each, that are kept of a value's hash. */
const MARK_DIGITS = 3;

/** What tells a secret's value from most others; null when nobody here can say the value. */
function markOf({ secrets, random }: Pick<RuntimeDeps, 'secrets' | 'random'>, name: string) {
  const secret = secrets.resolve(name);
  return secret.ok ? random.sha256(`secret ${secret.value}`).slice(0, MARK_DIGITS) : null;
}

/** Secrets that the run has used and the store does not know of its tree yet. */
export function newUsedSecrets(
  deps: Pick<RuntimeDeps, 'store' | 'secrets' | 'random'>,
  run: LiveRun,
  { usedSecrets }: RunState,
): Pick<RunAppend, 'secrets'> {
  if (usedSecrets.length === 0) return {};
  const root = rootOf(deps, run);
  run.savedSecrets ??= new Set(deps.store.usedSecrets(root).map(({ name }) => name));
  const names = usedSecrets.filter((name) => run.savedSecrets?.has(name) !== true);
  if (names.length === 0) return {};
  return { secrets: { root, used: names.map((name) => ({ name, mark: markOf(deps, name) })) } };
}

/**
 * Names of secrets that the run or its tree has used and whose value of that time nobody here can say any
 * more: there is none, or another one.
 */
export function missingSecrets(
  deps: Pick<RuntimeDeps, 'store' | 'secrets' | 'random'>,
  run: LiveRun,
  state: RunState,
): readonly string[] {
  const marks = new Map<string, string | null>(state.usedSecrets.map((name) => [name, null]));
  const isInTree = state.facts.parent !== null || state.hasChildren;
  if (marks.size === 0 && !isInTree) return [];
  for (const { name, mark } of deps.store.usedSecrets(rootOf(deps, run))) {
    if (isInTree || marks.has(name)) marks.set(name, mark);
  }
  return [...marks].flatMap(([name, mark]) => {
    if (state.missingSecrets.includes(name)) return [];
    const now = markOf(deps, name);
    return now === null || (mark !== null && mark !== now) ? [name] : [];
  });
}

/** What comes in from outside the run, masked before anything is decided by it. */
export function maskInputs(
  deps: Deps,
  run: LiveRun,
  inputs: readonly EngineInput[],
): EngineInput[] {
  if (!inputs.some(isFromOutside)) return [...inputs];
  const masker = maskerOf(deps, run);
  return inputs.map((input) => (isFromOutside(input) ? maskInput(masker, input) : input));
}

type Outside = Extract<EngineInput, { type: 'signal' | 'child_ended' }>;

/** Inputs of a retry are given to a step, which needs them as they are. */
const isFromOutside = (input: EngineInput): input is Outside =>
  input.type === 'child_ended' || (input.type === 'signal' && input.signal.type !== 'retry');

function maskInput(masker: Masker, input: Outside): EngineInput {
  if (input.type === 'child_ended') {
    const { output, error } = input;
    return {
      ...input,
      ...(output === undefined ? {} : { output: masker.json(output) }),
      ...(error === undefined ? {} : { error: maskFailure(masker, error) }),
    };
  }
  const { signal } = input;
  const { payload, reasoning } = signal;
  return {
    ...input,
    signal: {
      ...signal,
      payload: masker.json(payload),
      ...(reasoning === undefined ? {} : { reasoning: masker.text(reasoning) }),
    },
  };
}

/** A failure whose texts are masked. */
export function maskFailure(masker: Masker, error: StepFailure): StepFailure {
  const details = error.details === undefined ? {} : { details: masker.json(error.details) };
  return { ...error, message: masker.text(error.message), ...details };
}
