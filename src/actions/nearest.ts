/**
 * The known name nearest to an unknown one, for messages that say what was probably meant.
 */

const MAX_NAME = 64;

/** Words that others use for the same param. */
const SAME: readonly (readonly string[])[] = [
  ['params', 'inputs', 'input', 'args', 'arguments', 'with'],
  ['template_name', 'template', 'workflow', 'workflow_name', 'name'],
  ['body', 'json', 'payload', 'data'],
  ['path', 'file', 'filename', 'file_path'],
  ['content', 'contents', 'text', 'body', 'data'],
  ['filter', 'query', 'expression', 'expr', 'program', 'code'],
  ['expression', 'expr', 'query', 'code'],
  ['input', 'data', 'inputs', 'value'],
  ['data', 'input', 'inputs', 'variables'],
  ['command', 'cmd', 'script', 'run'],
  ['message', 'text', 'msg'],
];

/** The candidate that is spelled nearly like the name, else one that means the same, or null. */
export function nearestParam(name: string, candidates: readonly string[]): string | null {
  if (name.length > MAX_NAME) return null;
  const near = nearestWord(name, candidates);
  if (near !== null) return near;
  const group = SAME.find(([ours, ...theirs]) => {
    return ours !== undefined && candidates.includes(ours) && theirs.includes(name.toLowerCase());
  });
  return group?.[0] ?? null;
}

/** The candidate within a third of the name's length by edits (at most 3), case aside, or null. */
export function nearestWord(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.min(3, Math.max(1, Math.floor(name.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = edits(name.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Levenshtein distance in which two swapped neighbours count as one edit. */
function edits(a: string, b: string): number {
  const width = b.length + 1;
  const cost = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => cost[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      if (i === 0 || j === 0) {
        cost[i * width + j] = i + j;
        continue;
      }
      const replace = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replace);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, at(i - 2, j - 2) + 1);
      cost[i * width + j] = least;
    }
  }
  return at(a.length, b.length);
}
