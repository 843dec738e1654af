/**
 * Shell patterns over one name: `*` any characters, `?` one, `[a-z]` a class, `{a,b}` alternatives,
 * `\` takes the next character as it is. Matched by RE2, so in linear time.
 */
import { AppError } from '../model/error.ts';
import { compilePattern } from './patterns.ts';

/** What is wrong with a pattern, or null. */
export function globProblem(pattern: string): string | null {
  if (pattern === '') return '"pattern" is empty';
  if (pattern.includes('/') || pattern.includes('..')) {
    return '"pattern" matches a name and holds no "/" or ".."';
  }
  const compiled = compilePattern(regexOf(pattern));
  return typeof compiled === 'string' ? `"pattern" is not a valid pattern: ${pattern}` : null;
}

/**
 * A test of names against a pattern.
 * @throws AppError VALIDATION_ERROR
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const problem = globProblem(pattern);
  const compiled = compilePattern(regexOf(pattern));
  if (problem !== null || typeof compiled === 'string') {
    throw new AppError('VALIDATION_ERROR', problem ?? 'bad pattern');
  }
  return (name) => compiled.test(name);
}

const TOKEN = /\\(?<escaped>.)|\[(?<not>[!^]?)(?<members>(?:\\.|[^\]\\])+)\]|[\s\S]/gu;

function regexOf(pattern: string): string {
  let depth = 0;
  let regex = '';
  for (const { 0: token, groups } of pattern.matchAll(TOKEN)) {
    const piece = special(groups ?? {}) ?? (depth > 0 ? INSIDE[token] : undefined) ?? PLAIN[token];
    if (token === '{') depth += 1;
    if (token === '}' && depth > 0) depth -= 1;
    regex += piece ?? literal(token);
  }
  return `(?s)^(?:${regex})$`;
}

const PLAIN: Readonly<Record<string, string>> = { '*': '.*', '?': '.', '{': '(?:' };
const INSIDE: Readonly<Record<string, string>> = { '}': ')', ',': '|' };

/** An escaped character or a class; undefined for everything else. */
function special(groups: Readonly<Record<string, string | undefined>>): string | undefined {
  const { escaped, members } = groups;
  if (escaped !== undefined) return literal(escaped);
  if (members === undefined) return undefined;
  return `[${groups.not === '' ? '' : '^'}${members.replaceAll('[', '\\[')}]`;
}

const literal = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
