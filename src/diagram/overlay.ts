/**
 * Statuses of a run laid over the steps of its definition.
 *
 * A run names iterations (`batch.iter_3.hash`), a picture draws the body once (`batch.iter_*.hash`):
 * here all iterations of a step are folded into the status that matters most and a count.
 */
import { isStepEnded, type StepStatus } from '../model/run-status.ts';
import { ANY_ITERATION } from './model.ts';

export interface StepOverlay {
  readonly status: StepStatus;
  readonly detail?: string;
}

export type StatusOverlay = ReadonlyMap<string, StepOverlay>;

/** What a reader must see first when iterations differ. */
const PRIORITY: readonly StepStatus[] = [
  'failed',
  'running',
  'retrying',
  'suspended',
  'scheduled',
  'pending',
  'completed',
  'skipped',
];

/**
 * The overlay per drawn path. For a step inside a loop the detail is `ended/seen` over its
 * iterations, unless the overlay already speaks of the drawn path itself.
 */
export function foldIterations(statuses: StatusOverlay, loops: ReadonlySet<string>): StatusOverlay {
  const folded = new Map<string, StepOverlay>();
  const seen = new Map<string, StepStatus[]>();
  for (const [path, overlay] of statuses) {
    const drawn = drawnPath(path, loops);
    if (drawn === path) {
      folded.set(path, overlay);
      continue;
    }
    const list = seen.get(drawn);
    if (list === undefined) seen.set(drawn, [overlay.status]);
    else list.push(overlay.status);
  }
  for (const [path, list] of seen) {
    if (folded.has(path)) continue;
    const status = PRIORITY.find((each) => list.includes(each)) ?? 'pending';
    folded.set(path, { status, detail: `${list.filter(isStepEnded).length}/${list.length}` });
  }
  return folded;
}

function drawnPath(path: string, loops: ReadonlySet<string>): string {
  if (loops.size === 0 || !path.includes('.iter_')) return path;
  let drawn = '';
  for (const segment of path.split('.')) {
    const isIteration = loops.has(drawn) && /^iter_\d+$/.test(segment);
    const next = isIteration ? ANY_ITERATION : segment;
    drawn = drawn === '' ? next : `${drawn}.${next}`;
  }
  return drawn;
}
