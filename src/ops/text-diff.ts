/**
 * The difference of two texts, line by line, for people: `+` added, `-` removed, a space for context.
 */

/** Unchanged lines shown around a change. */
const CONTEXT = 3;
/** Above this many cells the common lines are not searched for: the whole middle counts as changed. */
const MAX_CELLS = 4_000_000;

type Line = { readonly mark: ' ' | '+' | '-'; readonly text: string };

/** Changed lines with three lines of context, parts separated by `…`; [] when nothing differs. */
export function diffLines(before: string, after: string): string[] {
  if (before === after) return [];
  const lines = compare(before.split('\n'), after.split('\n'));
  const shown = new Set<number>();
  lines.forEach((line, i) => {
    if (line.mark === ' ') return;
    for (let near = i - CONTEXT; near <= i + CONTEXT; near++) shown.add(near);
  });
  const result: string[] = [];
  let last = -1;
  lines.forEach((line, i) => {
    if (!shown.has(i)) return;
    if (i > last + 1) result.push('…');
    result.push(`${line.mark} ${line.text}`);
    last = i;
  });
  return result;
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  const same = (text: string): Line => ({ mark: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** Longest common subsequence of what differs at both ends. */
function middle(before: readonly string[], after: readonly string[]): Line[] {
  const removed = (text: string): Line => ({ mark: '-', text });
  const added = (text: string): Line => ({ mark: '+', text });
  if (before.length * after.length > MAX_CELLS) {
    return [...before.map(removed), ...after.map(added)];
  }
  const common = commonLengths(before, after);
  const width = after.length + 1;
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    const text = before[i] ?? '';
    if (text === after[j]) {
      lines.push({ mark: ' ', text });
      i++;
      j++;
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) {
      lines.push(removed(text));
      i++;
    } else {
      lines.push(added(after[j] ?? ''));
      j++;
    }
  }
  return [...lines, ...before.slice(i).map(removed), ...after.slice(j).map(added)];
}

function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const table = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      table[i * width + j] =
        before[i] === after[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
    }
  }
  return table;
}
