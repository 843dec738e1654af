/**
 * Statuses of a run laid over the steps of its definition.
 *
 * A run names iterations (`batch.iter_3.hash`), a picture draws the body once (`batch.iter_*.hash`):
 * here all iterations of a step are folded into the status that matters most and a count. A loop says
 * how many iterations have begun.
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
  const begun = new Map<string, Set<string>>();
  for (const [path, overlay] of statuses) {
    const drawn = drawnPath(path, loops, begun);
    if (drawn === path) folded.set(path, overlay);
    else append(seen, drawn, overlay.status);
  }
  for (const [path, list] of seen) {
    if (folded.has(path)) continue;
    const status = PRIORITY.find((each) => list.includes(each)) ?? 'pending';
    folded.set(path, { status, detail: `${list.filter(isStepEnded).length}/${list.length}` });
  }
  for (const [path, iterations] of begun) {
    const loop = folded.get(path);
    if (loop === undefined) continue;
    const count = `${iterations.size} ${iterations.size === 1 ? 'iteration' : 'iterations'}`;
    const detail = loop.detail === undefined ? count : `${loop.detail}, ${count}`;
    folded.set(path, { ...loop, detail });
  }
  return folded;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** The path with `iter_*` for every iteration; notes each iteration at its loop's drawn path. */
function drawnPath(
  path: string,
  loops: ReadonlySet<string>,
  begun: Map<string, Set<string>>,
): string {
  if (loops.size === 0 || !path.includes('.iter_')) return path;
  let drawn = '';
  let real = '';
  for (const segment of path.split('.')) {
    const isIteration = loops.has(drawn) && /^iter_\d+$/.test(segment);
    real = real === '' ? segment : `${real}.${segment}`;
    if (isIteration) {
      const iterations = begun.get(drawn) ?? new Set();
      begun.set(drawn, iterations.add(real));
    }
    const next = isIteration ? ANY_ITERATION : segment;
    drawn = drawn === '' ? next : `${drawn}.${next}`;
  }
  return drawn;
}
