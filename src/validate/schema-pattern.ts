/**
 * Regular expressions of JSON Schemas: RE2, in linear time, their work counted.
 */
import { RE2JS } from '@bufbuild/re2';
import { AppError } from '../model/error.ts';
import type { Work } from './schema-work.ts';

/** Whether a text matches somewhere. @throws AppError LIMIT_EXCEEDED */
export type PatternTest = (text: string) => boolean;

const MAX_PATTERN_CHARS = 10_000;
/** Units of work that any pattern and any test takes at least. */
const COMPILE_UNITS = 80;
const TEST_UNITS = 0.5;

/**
 * A pattern, ready to test.
 * @throws when it is no RE2 pattern; AppError LIMIT_EXCEEDED when it or a test is too much work
 */
export function compilePattern(source: string, work: Work): PatternTest {
  if (source.length > MAX_PATTERN_CHARS) {
    const message = `a pattern is over ${MAX_PATTERN_CHARS} characters long`;
    throw new AppError('LIMIT_EXCEEDED', message);
  }
  work.spend(COMPILE_UNITS + (source.length * mostRepeats(source)) / 8);
  const compiled = RE2JS.compile(source);
  const unitsPerChar = (1 + compiled.re2().prog.numInst() / 16) / 16;
  return (text) => {
    work.spend(TEST_UNITS + text.length * unitsPerChar);
    return compiled.test(text);
  };
}

/** The largest number in `{…}`: what is repeated is compiled that often. */
function mostRepeats(source: string): number {
  let most = 1;
  for (const [, least, upTo] of source.matchAll(/\{(\d{1,4}),?(\d{0,4})\}/g)) {
    most = Math.max(most, Number(least), Number(upTo));
  }
  return Math.min(most, 1000);
}
