/**
 * A folded state as text, so that waking a run with a long log need not read all of it.
 *
 * A snapshot is a cache: it says nothing that the events before its sequence do not say. Only what
 * differs from a fresh state is written, field by field as the state has them, so that a field added
 * to the state is in the snapshot too. Steps with the same fields set share one list of their names.
 * Raise `EVOLVE_VERSION` whenever the same events fold to another state, or are written otherwise.
 */
import { branchPrefix, iterationPrefix, parallelPrefix, type RunId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { ListPlan, Plan } from '../model/plan.ts';
import type { ListState, RunState, StepState } from '../model/run-state.ts';
import { newList, newState } from './state.ts';

/** What a snapshot was folded and written by; one of another version is not read. */
export const EVOLVE_VERSION = 5;

/** `[open, failure, ran, steps]`; the rest of a list follows from the plan and where it hangs. */
type WrittenList = [number, ListState['failure'], 0 | 1, WrittenStep[]];
/** Index of its shape, then the values of the shape's names; 0 is a step as it was made. */
type WrittenStep = 0 | [number, ...unknown[]];

interface Written {
  readonly run: string;
  readonly plan: string;
  readonly fields: Record<string, unknown>;
  readonly context: Record<string, Json>;
  readonly shapes: readonly Shape[];
  readonly top: WrittenList;
  readonly hook: { kind: HookKind; output?: Json; error: unknown; list: WrittenList } | null;
  /** Lists of hooks that ran before the present one. */
  readonly earlier: readonly { readonly kind: HookKind; readonly list: WrittenList }[];
  readonly hooksDone: readonly HookKind[];
  readonly open: readonly string[];
  /** When each list was made against the others, in the order they are written; null: just so. */
  readonly order: readonly number[] | null;
}

/** What steps have in common: fields of few values, and the names of the others. */
interface Shape {
  readonly same: Readonly<Record<string, string | boolean>>;
  readonly names: readonly string[];
}

type HookKind = 'on_complete' | 'on_error';
type Fields = Record<string, unknown>;

/** Links of the tree, and what is written in a form of its own. */
const STEP_LINKS: ReadonlySet<string> = new Set(['node', 'path', 'plan', 'list']);
const STATE_LINKS: ReadonlySet<string> = new Set([
  ...['runId', 'plan', 'top', 'hook', 'hooksDone', 'steps', 'open', 'agenda', 'touched', 'context'],
]);

const hookPlan = (plan: Plan, kind: HookKind): ListPlan | null =>
  kind === 'on_complete' ? plan.onComplete : plan.onError;

/** True when a field is as it was made. */
const isFresh = (value: unknown, fresh: unknown): boolean =>
  value === fresh ||
  (Array.isArray(value) && value.length === 0 && Array.isArray(fresh) && fresh.length === 0);

const NO_SHAPE: Shape = { same: {}, names: [] };
const OF_FEW_VALUES: ReadonlySet<string> = new Set(['status', 'resolution', 'skipReason']);

interface Writer {
  readonly shapes: Shape[];
  readonly shapeOf: Map<string, number>;
  readonly fresh: Map<ListPlan, readonly StepState[]>;
  readonly fields: string[];
  /** Lists in the order they are written. */
  readonly lists: ListState[];
}

/** The state as text; null when it holds something that a snapshot cannot say. */
export function writeSnapshot(state: RunState): string | null {
  const writer: Writer = {
    shapes: [NO_SHAPE],
    shapeOf: new Map(),
    fresh: new Map(),
    fields: [],
    lists: [],
  };
  const { hook } = state;
  const top = writeList(writer, state.top);
  const written: Omit<Written, 'shapes' | 'order'> = {
    run: state.runId,
    plan: state.plan.hash,
    fields: changedFields(state),
    context: state.context,
    top,
    hook:
      hook === null
        ? null
        : {
            kind: hook.kind,
            error: hook.error,
            ...(hook.output === undefined ? {} : { output: hook.output }),
            list: writeList(writer, hook.list),
          },
    earlier: earlierHooks(state).map(({ kind, list }) => ({ kind, list: writeList(writer, list) })),
    hooksDone: [...state.hooksDone],
    open: [...state.open].map(({ path }) => path),
  };
  const count = writer.lists.reduce((sum, list) => sum + list.steps.length, 0);
  if (count !== state.steps.size) return null;
  const order = creationOrder(state, writer.lists);
  return JSON.stringify({ ...written, shapes: writer.shapes, order } satisfies Written);
}

function changedFields(state: RunState): Fields {
  const fresh = newState(state.runId, { ...state.plan, top: NO_STEPS }) as unknown as Fields;
  const fields: Fields = {};
  for (const [key, value] of Object.entries(state)) {
    if (!STATE_LINKS.has(key) && !isFresh(value, fresh[key])) fields[key] = value;
  }
  return fields;
}

const NO_STEPS: ListPlan = { steps: [], result: -1, leaves: [], indexById: new Map() };

/** Hook lists that still have steps although another hook has begun since. */
function earlierHooks(state: RunState): { kind: HookKind; list: ListState }[] {
  const { plan, top, hook } = state;
  const found = new Map<ListState, HookKind>();
  if (plan.onComplete === null && plan.onError === null) return [];
  for (const { list } of state.steps.values()) {
    if (list.owner !== null || list === top || list === hook?.list) continue;
    found.set(list, list.plan === plan.onComplete ? 'on_complete' : 'on_error');
  }
  return [...found].map(([list, kind]) => ({ kind, list }));
}

function writeList(writer: Writer, list: ListState): WrittenList {
  writer.lists.push(list);
  const fresh = freshSteps(writer, list.plan);
  const steps = list.steps.map((step, index) => writeStep(writer, step, fresh[index]));
  return [list.open, list.failure, list.ran ? 1 : 0, steps];
}

function freshSteps({ fresh }: Writer, plan: ListPlan): readonly StepState[] {
  const known = fresh.get(plan);
  if (known !== undefined) return known;
  const { steps } = newList(new Map(), plan, '', null, 0);
  fresh.set(plan, steps);
  return steps;
}

function writeStep(writer: Writer, step: StepState, fresh: StepState | undefined): WrittenStep {
  if (fresh === undefined) throw new Error(`the plan has no step at ${step.path}`);
  const values: unknown[] = [];
  const names: string[] = [];
  let key = '';
  for (const name of fieldNames(writer, fresh)) {
    const value = (step as unknown as Fields)[name];
    if (isFresh(value, (fresh as unknown as Fields)[name])) continue;
    if (typeof value === 'boolean' || OF_FEW_VALUES.has(name)) {
      key += `${name}=${value} `;
      continue;
    }
    key += `${name} `;
    names.push(name);
    values.push(name === 'sub' ? writeSub(writer, step.sub) : value);
  }
  if (key === '') return 0;
  return [shapeIndex(writer, key, names, step as unknown as Fields), ...values];
}

/** The fields of every step but its links. */
function fieldNames(writer: Writer, fresh: StepState): readonly string[] {
  if (writer.fields.length === 0) {
    writer.fields.push(...Object.keys(fresh).filter((name) => !STEP_LINKS.has(name)));
  }
  return writer.fields;
}

function shapeIndex(
  { shapes, shapeOf }: Writer,
  key: string,
  names: readonly string[],
  step: Fields,
): number {
  const known = shapeOf.get(key);
  if (known !== undefined) return known;
  const same: Record<string, string | boolean> = {};
  for (const [name] of key.matchAll(/\w+(?==)/g)) same[name] = step[name] as string | boolean;
  shapeOf.set(key, shapes.length);
  return shapes.push({ same, names }) - 1;
}

function writeSub(writer: Writer, sub: StepState['sub']): unknown {
  if (sub === null) return null;
  const write = (list: ListState | null | undefined): WrittenList | null =>
    list == null ? null : writeList(writer, list);
  switch (sub.kind) {
    case 'condition':
      return { ...sub, list: write(sub.list) };
    case 'loop': {
      const { running, ended, iterations } = sub;
      const lists = Array.from(iterations, write);
      return { ...sub, iterations: lists, running: [...running], ended: [...ended] };
    }
    case 'parallel':
      return { ...sub, branches: sub.branches.map(write) };
    default:
      return sub;
  }
}

/** The place of each written list among all by when its steps were made; null when they are in order. */
function creationOrder(state: RunState, lists: readonly ListState[]): number[] | null {
  const places = new Map<ListState, number>();
  for (const { list } of state.steps.values()) {
    if (!places.has(list)) places.set(list, places.size);
  }
  const order = lists.map((list) => places.get(list) ?? places.size);
  return order.every((place, index) => index === 0 || place >= (order[index - 1] ?? 0))
    ? null
    : order;
}

interface Reader {
  readonly written: Written;
  readonly state: RunState;
  readonly lists: ListState[];
}

/** The state that was written, or null when the text is no snapshot of this run and plan. */
export function readSnapshot(text: string, runId: RunId, plan: Plan): RunState | null {
  try {
    const written = JSON.parse(text) as Written;
    if (written.run !== runId || written.plan !== plan.hash) return null;
    return readState(written, newState(runId, plan));
  } catch {
    // It is only a cache: whatever is wrong with it, the events say the same.
    return null;
  }
}

function readState(written: Written, state: RunState): RunState {
  const { plan, steps } = state;
  const reader: Reader = { written, state, lists: [] };
  refuseUnknown(Object.keys(written.fields), state as unknown as Fields);
  const [step] = steps.values();
  for (const { same, names } of written.shapes) {
    if (step !== undefined)
      refuseUnknown([...Object.keys(same), ...names], step as unknown as Fields);
  }
  Object.assign(state, written.fields);
  state.context = Object.assign(Object.create(null), written.context) as RunState['context'];
  readList(reader, state.top, written.top);
  const hookList = (kind: HookKind, list: WrittenList): ListState => {
    const made = newList(steps, hookPlan(plan, kind) ?? NO_STEPS, '', null, 0);
    return readList(reader, made, list);
  };
  const { hook } = written;
  if (hook !== null) {
    const { kind, output, error, list } = hook;
    state.hook = { kind, output, error, list: hookList(kind, list) } as RunState['hook'];
  }
  for (const { kind, list } of written.earlier) hookList(kind, list);
  state.hooksDone = new Set(written.hooksDone);
  if (written.order !== null) reorder(reader, written.order);
  for (const path of written.open) {
    const step = steps.get(path);
    if (step === undefined) throw new Error(`no step at ${path}`);
    state.open.add(step);
  }
  return state;
}

function refuseUnknown(names: readonly string[], fields: Fields): void {
  for (const name of names) if (!(name in fields)) throw new Error(`no field ${name}`);
}

/** Steps stand in the order in which their lists were made. */
function reorder({ state, lists }: Reader, order: readonly number[]): void {
  const places = new Map(lists.map((list, index) => [list, order[index] ?? 0]));
  const sorted = [...lists].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
  state.steps.clear();
  for (const list of sorted) for (const step of list.steps) state.steps.set(step.path, step);
}

function readList(reader: Reader, list: ListState, written: WrittenList): ListState {
  const [open, failure, ran, steps] = written;
  reader.lists.push(list);
  list.open = open;
  list.failure = failure;
  list.ran = ran === 1;
  if (steps.length !== list.steps.length) throw new Error('a list of another plan');
  for (let index = 0; index < steps.length; index++) {
    readStep(reader, list.steps[index] as StepState, steps[index] ?? 0);
  }
  return list;
}

function readStep(reader: Reader, step: StepState, written: WrittenStep): void {
  if (written === 0) return;
  const { same, names } = reader.written.shapes[written[0]] ?? NO_SHAPE;
  const fields = step as unknown as Fields;
  for (const name in same) fields[name] = same[name];
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const value = written[index + 1];
    fields[name] = name === 'sub' ? readSub(reader, step, value) : value;
  }
}

type WrittenSub = Record<string, unknown> & { readonly kind: string };

function readSub(reader: Reader, step: StepState, value: unknown): StepState['sub'] {
  const sub = value as WrittenSub;
  const { body } = step.plan;
  const hang = (plan: ListPlan | null | undefined, prefix: string, index: number, list: unknown) =>
    readList(
      reader,
      newList(reader.state.steps, plan ?? NO_STEPS, prefix, step, index),
      list as WrittenList,
    );
  if (sub.kind === 'condition' && body.type === 'condition') {
    if (sub.list === null) return sub as unknown as StepState['sub'];
    const branch = String(sub.branch);
    const plan = body.branches.get(branch) ?? body.fallback;
    const list = hang(plan, branchPrefix(step.path, branch), 0, sub.list);
    return { ...sub, list } as unknown as StepState['sub'];
  }
  if (sub.kind === 'loop' && body.type === 'loop') {
    const iterations: ListState[] = [];
    (sub.iterations as (WrittenList | null)[]).forEach((list, index) => {
      if (list === null) return;
      iterations[index] = hang(body.body, iterationPrefix(step.path, index), index, list);
    });
    const [running, ended] = [new Set(sub.running as number[]), new Set(sub.ended as number[])];
    return { ...sub, iterations, running, ended } as unknown as StepState['sub'];
  }
  if (sub.kind === 'parallel' && body.type === 'parallel') {
    const branches = (sub.branches as WrittenList[]).map((list, index) =>
      hang(body.branches[index], parallelPrefix(step.path, index), index, list),
    );
    return { ...sub, branches } as unknown as StepState['sub'];
  }
  return sub as unknown as StepState['sub'];
}
