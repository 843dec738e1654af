/**
 * How errors look: `[CODE] what, where, what to do`, and for workflow files the lines they are about.
 *
 * The one place where anything thrown becomes text or JSON for the shell, and an exit code.
 */
import { AppError, type ErrorCode, exitCodeOf, messageOf } from '../src/model/error.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  ownValue,
} from '../src/model/json.ts';
import { EXIT } from './exit.ts';
import { codeFrame } from './frame.ts';
import type { Style } from './print/style.ts';
import { counted, indent, oneLine, printable, wrap } from './print/text.ts';

/** A problem in a workflow file as operations report it. */
export interface ShownIssue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly severity: 'error' | 'warning';
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

export interface ErrorLook {
  readonly style: Style;
  readonly width: number;
}

const DEFAULT_WIDTH = 100;
/** Issues printed with their lines; the rest is counted. */
const MAX_ISSUES = 20;

/** The look of errors on a stream of that width. */
export const lookOf = (style: Style, columns: number | null): ErrorLook => ({
  style,
  width: columns ?? DEFAULT_WIDTH,
});

/** Anything thrown as an `AppError`; what nobody foresaw is `INTERNAL`. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError('INTERNAL', `unexpected: ${messageOf(thrown)}`, {
    cause: thrown,
    hint: 'this is a fault of opcode; OPCODE_LOG_LEVEL=debug shows where',
  });
}

export const exitCodeOfError = (error: AppError): number =>
  error.code === 'INTERNAL' ? EXIT.internal : exitCodeOf(error.code);

/** An error as one JSON document. */
export function errorJson(error: AppError): JsonObject {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  };
}

/** Lines of an error; `sources` are the files that its issues may point into. */
export function errorLines(
  error: AppError,
  sources: readonly SourceText[],
  look: ErrorLook,
): string[] {
  const issues = issuesOf(error);
  const isSaid = issues.some((issue) => issue.hint === error.hint);
  const head = wrap(`${codeTag(error.code, look.style)} ${printable(error.message)}`, look.width);
  const hint =
    error.hint === undefined || isSaid
      ? []
      : [look.style.dim(wrap(`  ${printable(error.hint)}`, look.width))];
  if (issues.length === 0) return [head, ...hint];
  const [source] = sources;
  if (source === undefined && issues.length === 1) return [head, ...hint];
  return [...(source === undefined ? [head] : []), ...issueLines(issues, source, look), ...hint];
}

export const codeTag = (code: ErrorCode | string, style: Style): string =>
  style.red(style.bold(`[${code}]`));

/** The issues an error carries in its details; [] when it is about something else. */
function issuesOf(error: AppError): ShownIssue[] {
  const { details } = error;
  const issues = isJsonObject(details) ? ownValue(details, 'issues') : undefined;
  return isJsonArray(issues) ? issues.filter(isIssue) : [];
}

const isIssue = (value: Json): value is JsonObject & ShownIssue =>
  isJsonObject(value) && typeof value.message === 'string' && typeof value.code === 'string';

/** Lines of issues, each with its place and frame, errors first. */
export function issueLines(
  issues: readonly ShownIssue[],
  source: SourceText | undefined,
  look: ErrorLook,
): string[] {
  const sorted = [...issues].sort(
    (a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'),
  );
  const shown = sorted.slice(0, MAX_ISSUES);
  const lines = shown.flatMap((issue, i) => [
    ...(i === 0 || source === undefined ? [] : ['']),
    ...oneIssue(issue, source, look),
  ]);
  const left = issues.length - shown.length;
  return left === 0
    ? lines
    : [...lines, '', look.style.dim(`… and ${counted(left, 'more problem')}`)];
}

function oneIssue(issue: ShownIssue, source: SourceText | undefined, look: ErrorLook): string[] {
  const { style } = look;
  const isWarning = issue.severity === 'warning';
  const tag = isWarning ? style.yellow(style.bold('[WARNING]')) : codeTag(issue.code, style);
  // What stands nowhere in the file was given beside it: params, a name.
  const isBeside = source !== undefined && issue.line === undefined && issue.path !== '';
  const what = isBeside ? `${issue.path}: ${issue.message}` : issue.message;
  const lines = [wrap(`${tag} ${oneLine(what)}`, look.width)];
  const place = isBeside ? '' : placeText(issue, source);
  if (place !== '') lines.push(`  ${style.dim('at')} ${place}`);
  if (source !== undefined && issue.line !== undefined) {
    const at = {
      line: issue.line,
      ...(issue.column === undefined ? {} : { column: issue.column }),
    };
    const frame = codeFrame(source.text, at, { style, width: Math.max(20, look.width - 14) });
    lines.push(...frame.map((line) => indent(line, '    ')));
  }
  if (issue.hint !== undefined)
    lines.push(style.cyan(wrap(`  ${printable(issue.hint)}`, look.width)));
  return lines;
}

/** A warning on one line, for when nobody asked for the problems. */
export function warningLine(
  warning: ShownIssue,
  source: SourceText | undefined,
  { style, width }: ErrorLook,
): string {
  const place = placeText({ ...warning, path: source === undefined ? warning.path : '' }, source);
  const at = place === '' ? '' : ` ${style.dim(`(${place})`)}`;
  const hint = warning.hint === undefined ? '' : `; ${oneLine(warning.hint)}`;
  const text = `${oneLine(warning.message)}${hint}${at}`;
  return wrap(`${style.yellow(style.bold('[WARNING]'))} ${text}`, width);
}

function placeText(issue: ShownIssue, source: SourceText | undefined): string {
  if (source === undefined || issue.line === undefined) return printable(issue.path);
  // The path of a setting begins with its file.
  const inside = issue.path === source.file ? '' : issue.path;
  const path = printable(inside.replace(`${source.file}: `, ''));
  const column = issue.column === undefined ? '' : `:${issue.column}`;
  const file = `${source.file}:${issue.line}${column}`;
  return path === '' ? file : `${file} (${path})`;
}
