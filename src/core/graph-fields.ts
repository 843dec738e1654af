/**
 * What `steps.X` can be asked for where the output of X has the same fields in every run: composites,
 * waits and decisions. A read of another field is always a mistake, and told before anything runs.
 */
import type { StepDef } from '../model/definition.ts';
import type { Reference } from '../model/expression.ts';
import type { IssuePath } from '../model/issue.ts';
import { indexOfList, type Place, type PlanContext, report } from './graph-context.ts';
import { nearestName } from './graph-nearest.ts';
import { childLists } from './graph-reads.ts';

interface Shape {
  readonly fields: readonly string[];
  /** Where what was probably meant stands, behind `steps.X.output`. */
  readonly meant: string;
  readonly is: string;
}

/** Every step has these, whatever its output. */
const OF_ALL: ReadonlySet<string> = new Set(['output', 'status', 'error', 'result']);

/** Reads that say themselves what holds when the field is not there. */
const GUARDED = /\?\?|\?\.|\.\?|\/\/|\bhas\(|\bget\(|\borValue\(|\bin\s+steps\b|\btry\b/;

/** Reports a read of a field that the output of a step never has. */
export function checkField(
  cx: PlanContext,
  place: Place,
  reference: Reference,
  pathOf: () => IssuePath,
  sourceOf: () => string,
): void {
  const [, id, first, second] = reference;
  const field = first === 'output' || first === 'result' ? second : first;
  if (id === undefined || field === undefined || (field === first && OF_ALL.has(field))) return;
  const def = namedStep(cx, place, id);
  // A fallback's output stands for that of the step it stood in for.
  const shape = def === null || def.on_error?.strategy === 'fallback_step' ? null : shapeOf(def);
  if (shape === null || shape.fields.includes(field) || GUARDED.test(sourceOf())) return;
  const message = `the output of "${id}", ${shape.is}, never has "${field}"; there is: ${shape.fields.join(', ')}`;
  const near = nearestName(field, shape.fields);
  const hint = near === null ? shape.meant.replaceAll('X', id) : `did you mean "${near}"?`;
  report(cx, pathOf(), message, { hint, check: 'NO_SUCH_OUTPUT_FIELD' });
}

/** The step that an id or a full path means at a place, null when that is not plain. */
function namedStep(cx: PlanContext, place: Place, id: string): StepDef | null {
  if (place.test?.has(id) === true) return null;
  let top = place.frame;
  for (let frame = place.frame; frame !== null; frame = frame.outer) {
    const index = frame.indexById.get(id);
    if (index !== undefined) return frame.defs[index] ?? null;
    top = frame;
  }
  let defs = top?.defs ?? [];
  const segments = id.split('.');
  for (let at = 0; at < segments.length; at += 2) {
    const index = indexOfList(cx, defs).get(segments[at] ?? '');
    const def = index === undefined ? undefined : defs[index];
    const key = segments[at + 1];
    if (def === undefined || key === undefined) return def ?? null;
    defs = childLists(def).find((list) => list.matches(key))?.defs ?? [];
  }
  return null;
}

function shapeOf(def: StepDef): Shape | null {
  const { config = {} } = def;
  switch (def.type) {
    case 'condition':
      return {
        fields: ['branch', 'output', 'skipped'],
        meant: "the branch's output is steps.X.output.output",
        is: 'a condition',
      };
    case 'loop':
      return {
        fields: ['iterations', 'results', 'truncated'],
        meant: 'the outputs of the iterations are the list steps.X.output.results',
        is: 'a loop',
      };
    case 'parallel':
      return config.mode === 'race' ? RACE : ALL;
    case 'wait':
      return config.signal === undefined ? TIMED : SIGNALLED;
    case 'reasoning':
      return {
        fields: ['choice', 'reasoning', 'data', 'resolved_by', 'resolved_at', 'via'],
        meant: 'what was sent with the answer is steps.X.output.data',
        is: 'a decision',
      };
    default:
      return null;
  }
}

const RACE: Shape = {
  fields: ['mode', 'winner', 'output'],
  meant: "the winning branch's output is steps.X.output.output",
  is: 'a race',
};

const ALL: Shape = {
  fields: ['mode', 'branches'],
  meant: 'the outputs of the branches are the list steps.X.output.branches',
  is: 'a parallel step',
};

const TIMED: Shape = {
  fields: ['waited'],
  meant: 'a wait for a time only knows how long it waited: steps.X.output.waited',
  is: 'a wait',
};

const SIGNALLED: Shape = {
  fields: ['signal', 'payload', 'timed_out'],
  meant: 'what was sent is steps.X.output.payload',
  is: 'a wait for a signal',
};
