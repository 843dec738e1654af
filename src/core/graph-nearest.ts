/**
 * The nearest known name for one that is unknown, so that a message can say what was meant.
 */

const MAX_NAME = 80;
const MAX_CANDIDATES = 2000;

/**
 * The candidate nearest to `name` by edits (insert, delete, replace, swap of neighbours), case aside;
 * null when none is near: at most a third of the name's length, 3 at most, never all of it.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  if (name.length > MAX_NAME) return null;
  const wanted = name.toLowerCase();
  let best: string | null = null;
  const most = Math.min(3, Math.max(1, Math.floor(name.length / 3)), name.length - 1);
  let least = most + 1;
  let looked = 0;
  for (const candidate of candidates) {
    looked += 1;
    if (looked > MAX_CANDIDATES) break;
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
}

/** `did you mean "x"?` for the nearest candidate, undefined when none is near. */
export function suggestion(name: string, candidates: Iterable<string>): string | undefined {
  const near = nearestName(name, candidates);
  return near === null ? undefined : `did you mean "${near}"?`;
}

/** Damerau-Levenshtein distance, restricted to swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let oneBack = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (oneBack[j - 1] ?? 0) + (same ? 0 : 1),
        (oneBack[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (twoBack[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    twoBack = oneBack;
    oneBack = row;
  }
  return oneBack[b.length] ?? 0;
}
