/**
 * Regular expressions for `matches`: RE2 syntax, linear in the text, compiled only when small.
 *
 * A short pattern can stand for a huge program (`(a{30}){30}`), so its size is estimated before.
 */
import { RE2JS, RE2JSException } from '@bufbuild/re2';
import { MAX_KEPT_PATTERNS, MAX_PATTERN_SIZE } from './limits.ts';
import { type Budget, fail, type Pattern, type Runtime, spend } from './runtime.ts';

/** Compiling costs about this many steps an instruction. */
const STEPS_A_COMPILED_INSTRUCTION = 25;
const TOKEN = /\\.|\[(?:\^?\]|\\.|[^\]\\])(?:\\.|[^\]\\])*\]|\{([0-9]+)(?:,([0-9]*))?\}|./gsu;

/** Compiles a pattern; a text that says what is wrong when it cannot be. */
export function compilePattern(source: string): Pattern | string {
  const size = patternSize(source);
  if (size > MAX_PATTERN_SIZE) {
    return `the pattern is too large: about ${size} instructions, at most ${MAX_PATTERN_SIZE}`;
  }
  try {
    return { matcher: new RE2JS(source), size };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return `the pattern is not valid: ${error.message}`;
  }
}

/** True when the pattern matches somewhere in the text. Paid for by text length and pattern size. */
export function matchPattern(rt: Budget, pattern: Pattern, text: string, at: number): boolean {
  spend(rt, Math.ceil(text.length * (2 + pattern.size / 4)) + 10, at);
  return pattern.matcher.test(text);
}

/** A pattern known only at run time, kept for this evaluation. @throws ExprError when it is wrong. */
export function patternOf(rt: Runtime, source: string, at: number): Pattern {
  rt.patterns ??= new Map();
  const known = rt.patterns.get(source);
  if (known !== undefined) return known;
  spend(rt, source.length, at);
  spend(rt, STEPS_A_COMPILED_INSTRUCTION * Math.min(patternSize(source), MAX_PATTERN_SIZE), at);
  const pattern = compilePattern(source);
  if (typeof pattern === 'string') return fail(rt, at, pattern);
  if (rt.patterns.size >= MAX_KEPT_PATTERNS) rt.patterns.clear();
  rt.patterns.set(source, pattern);
  return pattern;
}

/** Roughly the instructions of a pattern when its repetitions are written out. */
export function patternSize(source: string): number {
  const open: number[] = [];
  let size = 0;
  let atom = 0;
  for (const [token, least, most] of source.matchAll(TOKEN)) {
    if (token === '(') {
      open.push(size);
      size = 0;
      atom = 0;
    } else if (token === ')') {
      atom = size + 2;
      size = (open.pop() ?? 0) + atom;
    } else if (least !== undefined) {
      const times = Math.max(Number(least), Number(most || 0), 1);
      size += atom * (times - 1);
      atom *= times;
    } else {
      atom = 1;
      size += 1;
    }
  }
  return open.reduce((total, outer) => total + outer, size);
}
