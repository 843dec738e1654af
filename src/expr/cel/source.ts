/**
 * Makes CEL source parseable that holds names CEL's grammar refuses.
 *
 * A visible step id with dashes after `steps.`, a keyword or a name in backticks after a dot, and the
 * root `loop` are replaced, token by token, by names of the same length that occur nowhere else, so
 * offsets stay true; `names` gives the real name of each, to be put back into the parsed tree.
 * Strings and comments are never touched.
 */
import { MAX_STEP_ID_LENGTH } from '../../model/ids.ts';
import { skipString } from '../lexer.ts';

export interface MaskedSource {
  readonly text: string;
  /** Stand-in → real name. */
  readonly names: ReadonlyMap<string, string>;
}

interface Word {
  readonly text: string;
  readonly at: number;
  /** The character before it, spaces aside. */
  readonly before: string;
  /** The word before that dot, if the character before is a dot. */
  readonly owner: string;
}

const WORD = /[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_.\-/ ]+`/y;
const NUMBER = /[0-9][A-Za-z0-9_]*(?:\.[0-9][A-Za-z0-9_]*)?/y;
const KEYWORDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);
const RESERVED_ROOTS: ReadonlySet<string> = new Set(['loop']);

/** The source with stand-ins; `stepIds` are the ids that may stand plainly after `steps.`. */
export function maskCelSource(source: string, stepIds: ReadonlySet<string>): MaskedSource {
  const words = scanWords(source);
  const taken = new Set(words.map((word) => word.text));
  const names = new Map<string, string>();
  const standIns = new Map<string, string>();
  let text = '';
  let done = 0;
  for (const word of words) {
    if (word.at < done) continue;
    const real = realName(source, word, stepIds);
    if (real === null) continue;
    const standIn = standIns.get(real) ?? freshName(real, taken);
    standIns.set(real, standIn);
    names.set(standIn, real.startsWith('`') ? real.slice(1, -1) : real);
    text += source.slice(done, word.at) + standIn;
    done = word.at + real.length;
  }
  return { text: text + source.slice(done), names };
}

/** The name that must be replaced at this word, or null. */
function realName(source: string, word: Word, stepIds: ReadonlySet<string>): string | null {
  if (word.before !== '.') return RESERVED_ROOTS.has(word.text) ? word.text : null;
  if (word.text.startsWith('`')) return word.text;
  if (word.owner === 'steps') {
    const id = dashedIdAt(source, word.at, stepIds);
    if (id !== null) return id;
  }
  return KEYWORDS.has(word.text) ? word.text : null;
}

/** The longest visible id with a dash that stands at `at`, or null. */
export function dashedIdAt(
  source: string,
  at: number,
  stepIds: ReadonlySet<string>,
): string | null {
  const run = /[A-Za-z0-9_-]*/y;
  run.lastIndex = at;
  let text = shortened(run.exec(source)?.[0] ?? '');
  while (text.includes('-')) {
    if (stepIds.has(text)) return text;
    // Only a dash can end a shorter id: `a-b2` never means `a-b` followed by `2`.
    text = text.slice(0, text.lastIndexOf('-'));
    if (stepIds.has(text) && !text.includes('-')) return null;
  }
  return null;
}

/** A run of name characters without the words behind the longest possible step id. */
export function shortened(run: string): string {
  if (run.length <= MAX_STEP_ID_LENGTH) return run;
  const head = run.slice(0, MAX_STEP_ID_LENGTH + 1);
  return head.slice(0, Math.max(0, head.lastIndexOf('-')));
}

/** A name of the same length that is no keyword and in no use; it is then taken. */
function freshName(real: string, taken: Set<string>): string {
  for (let n = 0; ; n++) {
    const digits = n.toString(36);
    const tail = `_${digits}`.slice(0, real.length - 1);
    const name = `z${tail.padStart(real.length - 1, '_')}`;
    if (taken.has(name) && n < 1300) continue;
    taken.add(name);
    return name;
  }
}

/** Every word outside strings, comments and numbers. */
function scanWords(source: string): Word[] {
  const words: Word[] = [];
  let before = '';
  let last = '';
  let owner = '';
  let at = 0;
  while (at < source.length) {
    const char = source[at] as string;
    const skipped = skipOpaque(source, at);
    if (skipped > at) {
      at = skipped;
      before = '"';
      last = '';
      continue;
    }
    WORD.lastIndex = at;
    const word = WORD.exec(source)?.[0];
    if (word !== undefined) {
      words.push({ text: word, at, before, owner: before === '.' ? owner : '' });
      last = word;
      before = 'a';
      at += word.length;
    } else {
      if (char === '.') owner = last;
      if (!/\s/.test(char)) {
        before = char;
        last = '';
      }
      at++;
    }
  }
  return words;
}

/** Index after a string, comment or number at `at`; `at` itself when none begins there. */
function skipOpaque(source: string, at: number): number {
  const string = /[bBrR]{0,2}["']/y;
  string.lastIndex = at;
  if (string.test(source)) {
    const end = skipString(source, string.lastIndex - 1);
    return end < 0 ? source.length : end;
  }
  if (source.startsWith('//', at)) {
    const end = source.indexOf('\n', at);
    return end < 0 ? source.length : end;
  }
  NUMBER.lastIndex = at;
  return NUMBER.test(source) ? NUMBER.lastIndex : at;
}
