/** `matches`: RE2, linear in the text. Compiled patterns are kept while they are small. */
import { MAX_PATTERN_SIZE } from '../expr-lang/limits.ts';
import { compilePattern, matchPattern, patternSize } from '../expr-lang/pattern.ts';
import { type Pattern, spend } from '../expr-lang/runtime.ts';
import { createLruCache } from '../lru.ts';
import { CelFault } from './fault.ts';
import type { CelRuntime } from './runtime.ts';

const MAX_KEPT_PATTERNS = 100;
const MAX_KEPT_PATTERN_SIZE = 1_000;
const STEPS_A_COMPILED_INSTRUCTION = 25;

const kept = createLruCache<Pattern>(MAX_KEPT_PATTERNS);

/** True when the pattern matches somewhere in the text. @throws CelFault when it is no pattern */
export function matches(rt: CelRuntime, text: string, source: string): boolean {
  return matchPattern(rt, kept.get(source) ?? compiled(rt, source), text, 0);
}

function compiled(rt: CelRuntime, source: string): Pattern {
  spend(rt, source.length, 0);
  const size = patternSize(source);
  // One over the bound is refused without being compiled.
  if (size <= MAX_PATTERN_SIZE) spend(rt, STEPS_A_COMPILED_INSTRUCTION * size, 0);
  const pattern = compilePattern(source);
  if (typeof pattern === 'string') throw new CelFault(pattern);
  if (pattern.size <= MAX_KEPT_PATTERN_SIZE) kept.set(source, pattern);
  return pattern;
}
