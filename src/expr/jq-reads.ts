/**
 * Which parts of its input a jq filter reads, from its tokens.
 *
 * Follows where `.` is still the filter's own input: it is until a `|`, and again inside brackets
 * opened before one, in branches, after `as $x |`. There a `.name` path is a constant read, and
 * anything else that takes `.` reads the whole input. Where unsure, the whole input is assumed.
 */
import type { JqToken } from './jq-tokens.ts';

export interface JqReads {
  readonly references: readonly (readonly string[])[];
  readonly whole: boolean;
  /** The first name that must not be called in a filter. */
  readonly forbidden: JqToken | null;
}

/** Names that reach beyond the filter's one input. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  (
    'input inputs include import input_filename input_line_number debug stderr modulemeta ' +
    'get_search_list'
  ).split(' '),
);

/** One bracket level or branch: whether `.` was and is the filter's input. */
interface Level {
  readonly opened: string;
  readonly rootAtStart: boolean;
  root: boolean;
  /** After `as` or `label`, the next `|` passes the same input on. */
  keepsInput: boolean;
}

interface Walk {
  readonly tokens: readonly JqToken[];
  readonly levels: Level[];
  readonly references: string[][];
  whole: boolean;
  forbidden: JqToken | null;
  at: number;
}

const BRANCH_WORDS: ReadonlySet<string> = new Set(['then', 'elif', 'else']);
const SILENT_WORDS: ReadonlySet<string> = new Set(
  'and or reduce foreach try catch null true false empty now nan infinite __loc__ break'.split(' '),
);
/** Functions that look at `.` only through their arguments. */
const THROUGH_ARGUMENTS: ReadonlySet<string> = new Set(
  'first last limit skip nth any all isempty range add error path paths'.split(' '),
);

/** Constant paths and whether the whole input may be read. */
export function jqReads(tokens: readonly JqToken[]): JqReads {
  const walk: Walk = {
    tokens,
    levels: [levelOf('', true)],
    references: [],
    whole: false,
    forbidden: null,
    at: 0,
  };
  while (walk.at < tokens.length) step(walk, tokens[walk.at] as JqToken);
  const { references, whole, forbidden } = walk;
  return { references, whole, forbidden };
}

const levelOf = (opened: string, root: boolean): Level => ({
  opened,
  rootAtStart: root,
  root,
  keepsInput: false,
});

const top = (walk: Walk): Level => walk.levels.at(-1) as Level;

function step(walk: Walk, token: JqToken): void {
  switch (token.kind) {
    case 'field':
      if (isPostfix(walk)) walk.at++;
      else readPath(walk);
      return;
    case 'name':
      readName(walk, token);
      return;
    case 'format':
      // `@base64 "…"` formats a string; alone it formats `.`.
      if (
        walk.tokens[walk.at + 1]?.kind !== 'string' &&
        walk.tokens[walk.at + 1]?.kind !== 'template'
      )
        readWhole(walk);
      walk.at++;
      return;
    case 'punctuation':
      readPunctuation(walk, token.text);
      return;
    default:
      if (isShorthandKey(walk)) addReference(walk, [token.text]);
      walk.at++;
  }
}

function readWhole(walk: Walk): void {
  if (top(walk).root) walk.whole = true;
}

function addReference(walk: Walk, path: string[]): void {
  if (top(walk).root) walk.references.push(path);
}

/** A path that begins with `.name`, or `."name"`, or `.["name"]` (the dot is read already). */
function readPath(walk: Walk, first?: string): void {
  const path = [first ?? (walk.tokens[walk.at] as JqToken).text];
  walk.at++;
  for (;;) {
    const next = constantStep(walk);
    if (next === null) break;
    path.push(next);
  }
  addReference(walk, path);
}

/** The next constant `.name`, `["name"]` or `[0]` after a path, consumed; null when none follows. */
function constantStep(walk: Walk): string | null {
  const token = walk.tokens[walk.at];
  if (isPunctuation(token, '?')) {
    walk.at++;
    return constantStep(walk);
  }
  if (token?.kind === 'field') {
    walk.at++;
    return token.text;
  }
  const dotted = isPunctuation(token, '.');
  const key = walk.tokens[walk.at + (dotted ? 2 : 1)];
  if (dotted && walk.tokens[walk.at + 1]?.kind === 'string') {
    walk.at += 2;
    return (walk.tokens[walk.at - 1] as JqToken).text;
  }
  const open = dotted ? walk.at + 1 : walk.at;
  if (!isPunctuation(walk.tokens[open], '[')) return null;
  if (key?.kind !== 'string' && !(key?.kind === 'number' && /^\d+$/.test(key.text))) return null;
  if (!isPunctuation(walk.tokens[open + 2], ']')) return null;
  walk.at = open + 3;
  return key.text;
}

const isPunctuation = (token: JqToken | undefined, text: string): boolean =>
  token?.kind === 'punctuation' && token.text === text;

function readName(walk: Walk, token: JqToken): void {
  const level = top(walk);
  const { text } = token;
  walk.at++;
  if (isObjectKey(walk, walk.at - 1)) {
    if (isShorthandKey(walk, walk.at - 1)) addReference(walk, [text]);
    return;
  }
  if (FORBIDDEN.has(text)) walk.forbidden ??= token;
  if (text === 'as' || text === 'label') level.keepsInput = true;
  else if (text === 'if') walk.levels.push(levelOf('if', level.root));
  else if (BRANCH_WORDS.has(text)) level.root = level.rootAtStart;
  else if (text === 'end') closeLevel(walk);
  else if (text === 'def') skipSignature(walk);
  else if (SILENT_WORDS.has(text)) return;
  else if (THROUGH_ARGUMENTS.has(text) && isPunctuation(walk.tokens[walk.at], '(')) return;
  else readWhole(walk);
}

/** Skips `name(params):` of a definition; its body is read as if given the filter's input. */
function skipSignature(walk: Walk): void {
  while (walk.at < walk.tokens.length && !isPunctuation(walk.tokens[walk.at], ':')) walk.at++;
  walk.at++;
}

function readPunctuation(walk: Walk, text: string): void {
  const level = top(walk);
  if (text === '.') {
    readDot(walk);
    return;
  }
  walk.at++;
  if (text === '..') readWhole(walk);
  else if ('([{'.includes(text) || text === '\\(') {
    level.keepsInput = level.keepsInput && text !== '(';
    walk.levels.push(levelOf(text, level.root));
  } else if (')]}'.includes(text)) closeLevel(walk);
  else if (text === '|') {
    if (!level.keepsInput) level.root = false;
    level.keepsInput = false;
  } else if (text === ';' || (text === ',' && level.opened === '{')) {
    level.root = level.rootAtStart;
    level.keepsInput = false;
  }
}

const OPERATOR_WORDS: ReadonlySet<string> = new Set(
  'and or not if then elif else reduce foreach try catch as'.split(' '),
);

/** True when the dot here continues a value written before it, as in `$x.name` or `f(1).name`. */
function isPostfix(walk: Walk): boolean {
  const before = walk.tokens[walk.at - 1];
  if (before === undefined) return false;
  if (before.kind === 'name') return !OPERATOR_WORDS.has(before.text);
  return before.kind !== 'punctuation' || ')]}?'.includes(before.text);
}

/** A lone dot: `."name"`, `.["name"]`, `.[0]` are paths, everything else is the whole input. */
function readDot(walk: Walk): void {
  if (isPostfix(walk)) {
    walk.at++;
    return;
  }
  const next = walk.tokens[walk.at + 1];
  if (next?.kind === 'string') {
    walk.at++;
    readPath(walk, next.text);
    return;
  }
  const key = walk.tokens[walk.at + 2];
  const closed = isPunctuation(walk.tokens[walk.at + 3], ']');
  if (isPunctuation(next, '[') && key?.kind === 'string' && closed) {
    walk.at += 3;
    readPath(walk, key.text);
    return;
  }
  readWhole(walk);
  walk.at++;
}

function closeLevel(walk: Walk): void {
  if (walk.levels.length > 1) walk.levels.pop();
}

/** True for a name or string where an object construction expects a key. */
function isObjectKey(walk: Walk, at: number): boolean {
  if (top(walk).opened !== '{') return false;
  const before = walk.tokens[at - 1];
  return isPunctuation(before, '{') || isPunctuation(before, ',');
}

/** True for a key without a value, as in `{inputs}`, which reads `.inputs`. */
function isShorthandKey(walk: Walk, at = walk.at): boolean {
  if (!isObjectKey(walk, at)) return false;
  const token = walk.tokens[at];
  if (token?.kind !== 'name' && token?.kind !== 'string') return false;
  return !isPunctuation(walk.tokens[at + 1], ':');
}
