/**
 * Making issues. Everything found wrong is collected; nothing here stops at the first.
 */
import type { ErrorCode } from '../model/error.ts';
import { formatIssuePath, type Issue, type IssuePath } from '../model/issue.ts';

export interface IssueOptions {
  readonly code?: ErrorCode;
  readonly hint?: string | undefined;
}

/** An error at a path. */
export const errorAt = (path: IssuePath, message: string, options: IssueOptions = {}): Issue =>
  issueAt(path, message, 'error', options);

/** A warning at a path. */
export const warningAt = (path: IssuePath, message: string, options: IssueOptions = {}): Issue =>
  issueAt(path, message, 'warning', options);

function issueAt(
  path: IssuePath,
  message: string,
  severity: Issue['severity'],
  { code = 'VALIDATION_ERROR', hint }: IssueOptions,
): Issue {
  const issue: Issue = { path: formatIssuePath(path), code, message, severity };
  return hint === undefined ? issue : { ...issue, hint };
}

/** The parts of an issue path's text. */
export function parseIssuePath(text: string): (string | number)[] {
  const parts: (string | number)[] = [];
  for (const match of text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]]+)/g)) {
    const [, index, quoted, name] = match;
    if (index !== undefined) parts.push(Number(index));
    else if (quoted !== undefined) parts.push(String(JSON.parse(quoted)));
    else if (name !== undefined) parts.push(name);
  }
  return parts;
}
