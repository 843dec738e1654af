/**
 * Tool results in MCP's form. A success carries the answer as structured content and as text, for
 * clients that read only one; a failure is complete as text: code, message, a line per issue, what to
 * do.
 */

import { AppError, type ErrorCode, messageOf } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';

type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string };

export interface ToolResult {
  [key: string]: unknown;
  content: Content[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
}

/** Issues that a failure lists; the rest is counted. */
const MAX_ISSUES = 40;
/** Details that stand in a failure's text, bytes. */
const MAX_DETAILS = 1000;

/** A success. @throws when it cannot be JSON: what the transport cannot send nobody would ever be answered. */
export function answerResult(answer: JsonObject): ToolResult {
  const text = printJson(answer);
  return { ...textResult(text), structuredContent: JSON.parse(text) as Record<string, unknown> };
}

export const textResult = (text: string): ToolResult => ({ content: [{ type: 'text', text }] });

export const imageResult = (data: string, mimeType: string): ToolResult => ({
  content: [{ type: 'image', data, mimeType }],
});

/** What a call failed with; unexpected errors keep their message and are INTERNAL. */
export function failureResult(thrown: unknown): ToolResult {
  const error = thrown instanceof AppError ? thrown : null;
  const code: ErrorCode = error?.code ?? 'INTERNAL';
  const message = error?.message ?? messageOf(thrown);
  const issues = issuesOf(error?.details);
  const details = issues.length > 0 ? undefined : error?.details;
  const lines = [`[${code}] ${message}`];
  // A lone issue without a hint is the message again.
  if (issues.length > 1 || issues[0]?.hint !== undefined) lines.push(...issueLines(issues));
  const shownDetails = details === undefined ? '' : JSON.stringify(details);
  if (shownDetails !== '' && shownDetails.length <= MAX_DETAILS) lines.push(shownDetails);
  if (error?.hint !== undefined) lines.push(error.hint);
  const shape: Record<string, Json> = { code, message };
  if (error?.hint !== undefined) shape.hint = error.hint;
  if (issues.length > 0) shape.issues = issues.slice(0, MAX_ISSUES);
  else if (details !== undefined && shownDetails.length <= MAX_DETAILS) shape.details = details;
  return { ...textResult(lines.join('\n')), structuredContent: { error: shape }, isError: true };
}

function issuesOf(details: Json | undefined): JsonObject[] {
  const issues = isJsonObject(details ?? null) ? (details as JsonObject).issues : undefined;
  return issues !== undefined && isJsonArray(issues) ? issues.filter(isJsonObject) : [];
}

function issueLines(issues: readonly JsonObject[]): string[] {
  const lines = issues.slice(0, MAX_ISSUES).map(({ path, message, hint }) => {
    const where = typeof path === 'string' && path !== '' ? `${path}: ` : '';
    return `${where}${String(message)}${typeof hint === 'string' ? ` (${hint})` : ''}`;
  });
  if (issues.length > MAX_ISSUES) lines.push(`… and ${issues.length - MAX_ISSUES} more`);
  return lines;
}
