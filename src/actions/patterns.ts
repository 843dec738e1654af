/**
 * Regular expressions in RE2 syntax, linear in the text: whether one matches, and the first match.
 *
 * The library only answers yes or no, so the first match is found here by running its compiled
 * program as a set of threads in order of preference (Pike's machine): leftmost, then as the pattern
 * prefers. Work is bounded before it is begun: inline actions must not stall other runs.
 */
import { RE2JS, RE2JSException } from '@bufbuild/re2';
import { AppError } from '../model/error.ts';

/** Instructions times characters that one match may cost. */
const MAX_MATCH_WORK = 50_000_000;
const MAX_SEARCH_WORK = 5_000_000;
const MAX_PATTERN_CHARS = 10_000;
const MAX_PROGRAM = 20_000;

export interface Pattern {
  readonly source: string;
  readonly program: Program;
  test(text: string): boolean;
}

type Program = ReturnType<RE2JS['re2']>['prog'];

/** A compiled pattern, or a sentence that says what is wrong with it. */
export function compilePattern(source: string): Pattern | string {
  if (source.length > MAX_PATTERN_CHARS) {
    return `the pattern is over ${MAX_PATTERN_CHARS} characters long`;
  }
  try {
    const compiled = new RE2JS(source);
    const program = compiled.re2().prog;
    if (program.numInst() > MAX_PROGRAM) return 'the pattern is too large';
    const test = (text: string): boolean => {
      chargeWork(program, text);
      return compiled.test(text);
    };
    return { source, program, test };
  } catch (thrown) {
    if (!(thrown instanceof RE2JSException)) throw thrown;
    return `the pattern is not valid RE2 (${thrown.message})`;
  }
}

function chargeWork(program: Program, text: string): void {
  const work = text.length * Math.max(4, program.numInst() / 8);
  if (work <= MAX_MATCH_WORK) return;
  const message = `matching this pattern against ${text.length} characters is too much work`;
  throw new AppError('LIMIT_EXCEEDED', message);
}

/** Op codes of the compiled program (RE2's instruction set). */
const OP = { alt: 1, altMatch: 2, capture: 3, emptyWidth: 4, fail: 5, match: 6, nop: 7 } as const;
const EMPTY = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, word: 16, noWord: 32 } as const;

interface Thread {
  readonly pc: number;
  readonly from: number;
}

/**
 * The text of the first match: leftmost, and among those what the pattern prefers. Null when there
 * is none, or when finding it would be too much work.
 */
export function firstMatch({ program }: Pattern, text: string): string | null {
  const search: Search = {
    program,
    text,
    seen: new Uint32Array(program.numInst()),
    best: null,
  };
  let threads: readonly Thread[] = [];
  let work = 0;
  for (let at = 0; at <= text.length; ) {
    const ready = reachable(search, threads, at);
    const point = at < text.length ? (text.codePointAt(at) ?? 0) : -1;
    threads = advance(search, ready, at, point);
    work += ready.length + 4;
    if (work > MAX_SEARCH_WORK) return null;
    if (search.best !== null && threads.length === 0) break;
    at += point > 0xffff ? 2 : 1;
  }
  return search.best === null ? null : text.slice(search.best.from, search.best.end);
}

interface Search {
  readonly program: Program;
  readonly text: string;
  /** Where each instruction was reached last, as place plus one. */
  readonly seen: Uint32Array;
  best: { readonly from: number; readonly end: number } | null;
}

/** The threads that stand before something that consumes or matches, in order of preference. */
function reachable(search: Search, threads: readonly Thread[], at: number): readonly Thread[] {
  const ready: Thread[] = [];
  for (const thread of threads) follow(search, at, thread, ready);
  if (search.best === null) follow(search, at, { pc: search.program.start, from: at }, ready);
  return ready;
}

/** The threads that consume the character; a match ends every thread that is preferred less. */
function advance(search: Search, ready: readonly Thread[], at: number, point: number): Thread[] {
  const threads: Thread[] = [];
  for (const thread of ready) {
    const inst = search.program.getInst(thread.pc);
    if (inst.op === OP.match) {
      search.best = { from: thread.from, end: at };
      break;
    }
    if (point >= 0 && consumes(inst, point)) threads.push({ pc: inst.out, from: thread.from });
  }
  return threads;
}

type Inst = ReturnType<Program['getInst']>;

const RUNE_ANY = 10;
const RUNE_ANY_NOT_NL = 11;

function consumes(inst: Inst, point: number): boolean {
  if (inst.op === RUNE_ANY) return true;
  if (inst.op === RUNE_ANY_NOT_NL) return point !== 10;
  return inst.matchRune(point);
}

/** Adds to `ready`, in order of preference, what a thread can reach without consuming anything. */
function follow(search: Search, at: number, start: Thread, ready: Thread[]): void {
  const { program, text, seen } = search;
  const stack = [start.pc];
  const { from } = start;
  while (stack.length > 0) {
    const pc = stack.pop() ?? 0;
    if (seen[pc] === at + 1) continue;
    seen[pc] = at + 1;
    const inst = program.getInst(pc);
    switch (inst.op) {
      case OP.fail:
        break;
      case OP.alt:
      case OP.altMatch:
        stack.push(inst.arg, inst.out);
        break;
      case OP.capture:
      case OP.nop:
        stack.push(inst.out);
        break;
      case OP.emptyWidth:
        if ((inst.arg & ~conditionsAt(text, at)) === 0) stack.push(inst.out);
        break;
      default:
        ready.push({ pc, from });
    }
  }
}

/** The empty-width conditions that hold between two characters. */
function conditionsAt(text: string, at: number): number {
  const before = at === 0 ? -1 : text.charCodeAt(at - 1);
  const after = at >= text.length ? -1 : text.charCodeAt(at);
  let flags = isWord(before) === isWord(after) ? EMPTY.noWord : EMPTY.word;
  if (before === -1) flags |= EMPTY.beginText | EMPTY.beginLine;
  if (before === 10) flags |= EMPTY.beginLine;
  if (after === -1) flags |= EMPTY.endText | EMPTY.endLine;
  if (after === 10) flags |= EMPTY.endLine;
  return flags;
}

const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  (code >= 65 && code <= 90) ||
  code === 95 ||
  (code >= 97 && code <= 122);
