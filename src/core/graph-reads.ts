/**
 * Which step a `steps.X` means at a place, and what follows: a dependency, nothing, or a problem.
 *
 * A bare id is the nearest enclosing list that has it; a full path names a step in another list, and
 * then the composite around that step is what is waited for. What stands beside the reader in another
 * branch, or has not ended when the reader starts, cannot be read.
 */
import type { StepDef } from '../model/definition.ts';
import type { Reference } from '../model/expression.ts';
import { branchPrefix, iterationPrefix, parallelPrefix, stepPath } from '../model/ids.ts';
import type { IssuePath } from '../model/issue.ts';
import {
  type Frame,
  indexOfList,
  mayHint,
  type Place,
  type PlanContext,
  report,
} from './graph-context.ts';
import { nearestName } from './graph-nearest.ts';

type PathOf = () => IssuePath;

/** Notes what an expression reads: names that are not there are problems, steps become dependencies. */
export function noteReads(
  cx: PlanContext,
  place: Place,
  references: readonly Reference[],
  pathOf: (reference: Reference) => IssuePath,
): void {
  for (const reference of references) {
    const [root, id] = reference;
    const isPrevious = root === 'loop' && id === 'previous' && place.test === null;
    if (isPrevious && place.frame?.concurrent === true) {
      report(cx, pathOf(reference), SEVERAL_AT_ONCE);
    }
    if (root === undefined || !ROOTS.has(root)) continue;
    if (!place.names.has(root)) report(cx, pathOf(reference), notHere(root, place.names));
    else if (root === 'steps' && id !== undefined) {
      noteStep(cx, place, id, () => pathOf(reference));
    }
  }
}

/** Names that mean something at some place; others are fields of a jq filter's input. */
const ROOTS: ReadonlySet<string> = new Set(
  'steps inputs workflow context loop step error data input args'.split(' '),
);

const SEVERAL_AT_ONCE =
  '`loop.previous` is not there in a loop that runs several iterations at once';

const WHY_NOT: Readonly<Record<string, string>> = {
  loop: 'no loop is around this place',
  error: 'only the `on_error` hook has it',
  step: 'no step is executing here',
  steps: 'no step has run yet',
};

function notHere(root: string, names: ReadonlySet<string>): string {
  const why = WHY_NOT[root];
  const because = why === undefined ? '' : `: ${why}`;
  return `\`${root}\` cannot be read here${because}; there is: ${[...names].join(', ')}`;
}

function noteStep(cx: PlanContext, place: Place, id: string, pathOf: PathOf): void {
  if (place.test?.has(id) === true) return;
  for (let frame = place.frame; frame !== null; frame = frame.outer) {
    const index = frame.indexById.get(id);
    if (index === undefined) continue;
    waitFor(cx, frame, index, pathOf);
    return;
  }
  if (id.includes('.') && place.frame !== null) notePath(cx, place, place.frame, id, pathOf);
  else reportUnknown(cx, place, id, pathOf);
}

/** The current step of a frame waits for another step of it. */
function waitFor(cx: PlanContext, frame: Frame, index: number, pathOf: PathOf): void {
  if (frame.at < 0) return;
  if (frame.at === index) {
    const id = frame.defs[index]?.id ?? '';
    const message = `step "${id}" cannot be read from inside itself: it has not ended there`;
    report(cx, pathOf(), message, { code: 'CYCLE_DETECTED' });
    return;
  }
  const reads = frame.reads.get(frame.at) ?? new Map();
  frame.reads.set(frame.at, reads);
  if (!reads.has(index)) reads.set(index, { kind: 'read', path: pathOf });
}

interface Walk {
  readonly defs: readonly StepDef[];
  /** The frame that is this list, while the path still leads towards the reader. */
  readonly frame: Frame | null;
}

function notePath(
  cx: PlanContext,
  place: Place,
  innermost: Frame,
  id: string,
  pathOf: PathOf,
): void {
  const frames = framesFrom(innermost);
  const segments = id.split('.');
  const [top = innermost] = frames;
  let walk: Walk | string | null = { defs: top.defs, frame: top };
  for (let at = 0; at < segments.length; at += 2) {
    const id: string = segments[at] as string;
    walk = stepDown(cx, place, frames, walk, { id, key: segments[at + 1], pathOf });
    if (walk === null || typeof walk === 'string') break;
  }
  if (typeof walk === 'string') report(cx, pathOf(), `step "${id}" cannot be read here: ${walk}`);
  // A path that leads on below its last step names a list, which nobody can read.
  else if (walk !== DONE) reportUnknown(cx, place, id, pathOf);
}

const DONE: Walk = { defs: [], frame: null };

interface PathPart {
  readonly id: string;
  /** Which list below that step the path goes on in; undefined at its end. */
  readonly key: string | undefined;
  readonly pathOf: PathOf;
}

/** One step of a full path: the list below it, DONE at its end, null when there is none, or why not. */
function stepDown(
  cx: PlanContext,
  place: Place,
  frames: readonly Frame[],
  { defs, frame }: Walk,
  { id, key, pathOf }: PathPart,
): Walk | string | null {
  const index = indexOfList(cx, defs).get(id);
  const def = index === undefined ? undefined : defs[index];
  if (index === undefined || def === undefined) return null;
  const own = frame !== null && frame.at === index;
  const below = key === undefined ? undefined : childLists(def).find((c) => c.matches(key));
  if (key !== undefined && below === undefined) return null;
  if (frame !== null && (!own || below === undefined)) waitFor(cx, frame, index, pathOf);
  if (below === undefined) return DONE;
  // Beside the reader nothing more is waited for: the composite has ended, and all below it.
  if (!own) return { defs: below.defs, frame: null };
  return stepInto(def, frames[frames.indexOf(frame) + 1] ?? null, below, place);
}

/** Goes on below a composite that is around the reader, where not everything can be seen. */
function stepInto(def: StepDef, next: Frame | null, below: ChildList, place: Place): Walk | string {
  const anywhere = { defs: below.defs, frame: null };
  if (next === null) return place.test === null ? `"${def.id}" has not ended` : anywhere;
  if (isLoop(def)) {
    // Which iteration the reader is in is not known: an earlier one has ended, unless several run.
    const many = (def.config?.max_concurrency ?? 1) > 1;
    return many ? `"${def.id}" runs several iterations at once` : anywhere;
  }
  if (next.key !== below.key) return `it is in another branch of "${def.id}"`;
  return { defs: below.defs, frame: next };
}

const isLoop = (def: StepDef): boolean => def.type === 'loop';

function framesFrom(innermost: Frame): Frame[] {
  const frames: Frame[] = [];
  for (let frame: Frame | null = innermost; frame !== null; frame = frame.outer) {
    frames.unshift(frame);
  }
  return frames;
}

export interface ChildList {
  readonly defs: readonly StepDef[];
  /** Path of the list inside the step. */
  readonly path: IssuePath;
  /** The list's part of a step path (`prod`, `default`, `branch_0`; an example for iterations). */
  readonly key: string;
  readonly matches: (key: string) => boolean;
}

const keyOf = (prefix: string): string => prefix.slice(1);

/** The lists that a composite step holds, in the order they are written. */
export function childLists(def: StepDef): ChildList[] {
  const { config } = def;
  if (config === undefined) return [];
  const child = (defs: readonly StepDef[], path: IssuePath, key: string): ChildList => ({
    defs,
    path: ['config', ...path],
    key,
    matches: (other) => other === key,
  });
  if (def.type === 'condition') {
    const branches = Object.entries(config.branches ?? {}).map(([key, defs]) =>
      child(defs, ['branches', key], keyOf(branchPrefix('', key))),
    );
    const { default: last } = config;
    return last === undefined ? branches : [...branches, child(last, ['default'], 'default')];
  }
  if (def.type === 'parallel' && Array.isArray(config.branches)) {
    return config.branches.map((defs: readonly StepDef[], i) =>
      child(defs, ['branches', i], keyOf(parallelPrefix('', i))),
    );
  }
  if (def.type !== 'loop' || config.body === undefined) return [];
  const iteration = child(config.body, ['body'], keyOf(iterationPrefix('', 0)));
  return [{ ...iteration, matches: (key) => /^iter_(0|[1-9]\d*)$/.test(key) }];
}

function reportUnknown(cx: PlanContext, place: Place, id: string, pathOf: PathOf): void {
  const message = `no step "${id}" can be read here`;
  if (!mayHint(cx)) {
    report(cx, pathOf(), message);
    return;
  }
  const elsewhere = place.frame === null ? [] : pathsOf(cx.definition.steps, id);
  const visible = [...cx.visibleIds];
  const near = nearestName(id, visible);
  const [path] = elsewhere;
  let hint: string | undefined;
  if (path !== undefined && path !== id)
    hint = `there is "${path}": what runs after it reads steps['${path}']`;
  else if (near !== null) hint = `did you mean "${near}"?`;
  const shown = visible.slice(0, 10).join(', ');
  const there = visible.length === 0 ? 'there is none' : `there is: ${shown}`;
  const more = visible.length > 10 ? ` and ${visible.length - 10} more` : '';
  report(cx, pathOf(), `${message}; ${there}${more}`, { hint });
}

/** Full paths of steps with an id, wherever they are: at most three. */
function pathsOf(steps: readonly StepDef[], id: string): string[] {
  const found: string[] = [];
  const todo = [{ steps, prefix: '' }];
  for (let list = todo.pop(); list !== undefined && found.length < 3; list = todo.pop()) {
    for (const def of list.steps) {
      const path = stepPath(list.prefix, def.id);
      if (def.id === id) found.push(path);
      for (const { defs, key } of childLists(def)) {
        todo.push({ steps: defs, prefix: `${path}.${key}` });
      }
    }
  }
  return found;
}
