/**
 * A pending decision asked on the terminal: what is asked, the data, numbered options, an answer.
 *
 * Nothing is decided by accident: an empty line leaves the decision open, end of input too. Lines are
 * edited by the terminal itself, so Ctrl-C stays Ctrl-C. A choice
 * is an option's number or id; where there are no options any text is an answer.
 */
import { createInterface, type Interface } from 'node:readline/promises';
import { isJsonArray, isJsonObject, type Json, ownValue } from '../src/model/json.ts';
import type { DecisionView } from '../src/ops/shapes.ts';
import { localTime } from './print/run-table.ts';
import type { Style } from './print/style.ts';
import {
  crop,
  indent,
  inlineJson,
  oneLine,
  printable,
  readableJson,
  widthOf,
} from './print/text.ts';
import type { OutputStream } from './terminal.ts';

export type Answer =
  | { readonly kind: 'choice'; readonly choice: string; readonly reasoning: string | null }
  | { readonly kind: 'reject'; readonly reasoning: string | null }
  | { readonly kind: 'open' };

/** Reads a line; null at the end of input or when it is no longer wanted. */
export type ReadLine = (prompt: string, abort: AbortSignal) => Promise<string | null>;

const REJECT = 'reject';
const DEFAULT_WIDTH = 80;
/** Lines of one value; `opcode status` shows the whole. */
const MAX_DATA_LINES = 12;
const LEFT_OPEN: Answer = { kind: 'open' };

/** Asks until there is a valid answer, the person leaves it open, or `abort` says it is settled. */
export async function askDecision(
  decision: DecisionView,
  io: { readonly stream: OutputStream; readonly readLine: ReadLine },
  abort: AbortSignal,
): Promise<Answer> {
  const { stream, readLine } = io;
  const { style } = stream;
  stream.write(`${questionLines(decision, style, stream.columns() ?? DEFAULT_WIDTH).join('\n')}\n`);
  for (;;) {
    const line = await readLine(
      `${style.bold('Your choice')} ${style.dim(hintOf(decision))} `,
      abort,
    );
    if (line === null || line.trim() === '') return LEFT_OPEN;
    const choice = choiceOf(decision, line.trim());
    if (choice === null) {
      const ids = decision.options.map((option) => option.id).join(', ');
      stream.write(`${style.yellow(`"${oneLine(line)}" is none of ${ids}`)}\n`);
      continue;
    }
    const reason = await readLine(`${style.bold('Reason')} ${style.dim('(optional)')} `, abort);
    if (abort.aborted) return LEFT_OPEN;
    const reasoning = reason === null || reason.trim() === '' ? null : reason.trim();
    return choice === REJECT && !isOption(decision, REJECT)
      ? { kind: 'reject', reasoning }
      : { kind: 'choice', choice, reasoning };
  }
}

const isOption = (decision: DecisionView, id: string): boolean =>
  decision.options.some((option) => option.id === id);

/** The option a line means: its id, its number, `reject`; any text when there are no options. */
export function choiceOf(decision: DecisionView, line: string): string | null {
  if (isOption(decision, line)) return line;
  if (line === REJECT && decision.kind === 'reasoning') return REJECT;
  if (decision.options.length === 0) return line;
  const number = /^\d+$/.test(line) ? Number(line) : 0;
  return decision.options[number - 1]?.id ?? null;
}

function hintOf(decision: DecisionView): string {
  const count = decision.options.length;
  const what = count === 0 ? 'any text' : count === 1 ? '1' : `1-${count}`;
  const reject = decision.kind === 'reasoning' ? ', reject' : '';
  return `(${what}${reject}; Enter leaves it open)`;
}

/** The question: who asks what about which data, the options, and what waits behind it. */
export function questionLines(
  decision: DecisionView,
  style: Style,
  width: number = DEFAULT_WIDTH,
): string[] {
  const isUnknown = decision.kind === 'outcome_unknown';
  const title = isUnknown ? 'Did this step take effect?' : 'A decision is asked for';
  const mark = style.magenta('?');
  const lines = ['', `${mark} ${style.bold(title)} ${style.dim(oneLine(decision.step_id))}`, ''];
  const prompt = readableJson(decision.prompt);
  if (prompt !== '') lines.push(indent(prompt, '  '), '');
  const data = dataLines(decision.data, style, width);
  if (data.length > 0) lines.push(...data, '');
  const widest = Math.max(0, ...decision.options.map((option) => option.id.length));
  decision.options.forEach((option, i) => {
    const stop = option.outcome === 'stop' ? style.yellow(' (stops here)') : '';
    const text = option.description === undefined ? '' : `  ${printable(option.description)}`;
    lines.push(
      `  ${style.bold(String(i + 1))}  ${style.cyan(oneLine(option.id).padEnd(widest))}${text}${stop}`,
    );
  });
  if (decision.options.length > 0) lines.push('');
  return [...lines, ...behindLines(decision.then, style), ...timeoutLines(decision, style)];
}

/** Each value beside its name when it fits, else below it; long ones are cut off. */
function dataLines(data: Json, style: Style, width: number): string[] {
  if (!isJsonObject(data)) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const name = `  ${style.dim(`${oneLine(key)}:`)}`;
    const line = `${name} ${inlineJson(value)}`;
    const text = readableJson(value).trimEnd();
    const isLong = widthOf(line) > width || (typeof value === 'string' && text.includes('\n'));
    if (!isLong) return [line];
    const lines = text.split('\n').map((each) => crop(`      ${each}`, width));
    const left = lines.length - MAX_DATA_LINES;
    if (left <= 0) return [name, ...lines];
    return [name, ...lines.slice(0, MAX_DATA_LINES), style.dim(`      … ${left} more lines`)];
  });
}

function behindLines(behind: Json, style: Style): string[] {
  if (!isJsonArray(behind) || behind.length === 0) return [];
  const steps = behind.filter(isJsonObject).map((step) => {
    const text = (key: string): string => oneLine(String(ownValue(step, key) ?? ''));
    return `${text('step_id')} (${text('action')}${text('effect') === 'unsafe' ? ', unsafe' : ''})`;
  });
  return [style.dim(`  Behind it: ${steps.join(', ')}`), ''];
}

function timeoutLines({ timeout_at, fallback }: DecisionView, style: Style): string[] {
  if (timeout_at === undefined) return [];
  const then = fallback === undefined ? 'the step fails' : `"${oneLine(fallback)}" is chosen`;
  return [style.dim(`  Without an answer by ${localTime(timeout_at)} ${then}`), ''];
}

/** Reads lines from standard input, with prompts on stderr. */
export function createLineReader(): { readLine: ReadLine; close(): void } {
  let reader: Interface | null = null;
  return {
    async readLine(prompt, abort) {
      reader ??= createInterface({
        input: process.stdin,
        output: process.stderr,
        terminal: false,
      });
      const open = reader;
      if (abort.aborted) return null;
      const ended = new Promise<null>((resolve) => open.once('close', () => resolve(null)));
      const line = open.question(prompt, { signal: abort }).catch((thrown: unknown) => {
        if (abort.aborted || (thrown as NodeJS.ErrnoException).code === 'ERR_USE_AFTER_CLOSE')
          return null;
        throw thrown;
      });
      return await Promise.race([line, ended]);
    },
    close() {
      reader?.close();
      reader = null;
    },
  };
}
