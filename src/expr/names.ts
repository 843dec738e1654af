/**
 * Root names, and how names are shown in messages: lists of what is there, nearest spellings.
 *
 * Messages name keys, never values. `iter` is the same object as `loop`; references say `loop`.
 */

/** What `${{ }}` and whole expressions may begin with. */
export const ROOT_NAMES: ReadonlySet<string> = new Set([
  'steps',
  'inputs',
  'workflow',
  'context',
  'secrets',
  'loop',
  'iter',
  'step',
  'error',
]);

/** Further roots of whole expressions: what the `cel.eval`, `expr.eval` and `jq` actions are given. */
export const EXPRESSION_ROOT_NAMES: ReadonlySet<string> = new Set([
  ...ROOT_NAMES,
  'data',
  'input',
  'args',
]);

const MAX_LISTED = 20;
const MAX_NAME = 60;

/** Text such as `there is: a, b, c` for at most 20 names, or `there is nothing` for none. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'there is nothing';
  const shown = names.slice(0, MAX_LISTED).map(shortName);
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `there is: ${shown.join(', ')}${more}`;
}

/** A name cut to a length that fits a message. */
export function shortName(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 1)}…`;
}

/** Names that other systems have, and what is read here instead. */
const MEANT: Readonly<Record<string, string>> = {
  item: 'loop.item',
  index: 'loop.index',
  each: 'loop.item',
  previous: 'loop.previous',
  params: 'inputs',
  parameters: 'inputs',
  vars: 'context',
  variables: 'context',
  secret: 'secrets',
};

/** What an unknown name should have been; `loop` is the loop's name in this language. */
export function rootHint(
  name: string,
  names: readonly string[],
  loop = 'loop',
): string | undefined {
  const meant = Object.hasOwn(MEANT, name) ? MEANT[name]?.replace(/^loop\b/, loop) : undefined;
  if (meant !== undefined && names.includes(meant.split('.')[0] ?? '')) return `write \`${meant}\``;
  const near = nearestName(name, names);
  return near === null ? undefined : `did you mean "${near}"?`;
}

/** The candidate that is at most two edits away from `name`, nearest first, or null. */
export function nearestName(name: string, candidates: readonly string[]): string | null {
  if (name.length > MAX_NAME) return null;
  let best: string | null = null;
  let bestDistance = Math.min(2, Math.floor((name.length + 1) / 3)) + 1;
  for (const candidate of candidates.slice(0, 1000)) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
