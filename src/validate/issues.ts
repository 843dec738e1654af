/**
 * Making issues. Everything found wrong is collected; nothing here stops at the first.
 */
import type { ErrorCode } from '../model/error.ts';
import { formatIssuePath, type Issue, type IssuePath, type WarningCode } from '../model/issue.ts';
import type { NewerCheckName } from '../model/newer-checks.ts';

export interface IssueOptions {
  readonly code?: ErrorCode;
  readonly hint?: string | undefined;
  /** The check that found it, when it is newer than the first rules. */
  readonly check?: NewerCheckName | undefined;
}

/** An error at a path. */
export function errorAt(path: IssuePath, message: string, options: IssueOptions = {}): Issue {
  const { code = 'VALIDATION_ERROR', hint, check } = options;
  return {
    path: formatIssuePath(path),
    code,
    message,
    severity: 'error',
    ...(hint === undefined ? {} : { hint }),
    ...(check === undefined ? {} : { check }),
  };
}

/** A warning at a path, with a code of its own. */
export function warningAt(
  path: IssuePath,
  code: WarningCode,
  message: string,
  hint?: string | undefined,
): Issue {
  const issue: Issue = { path: formatIssuePath(path), code, message, severity: 'warning' };
  return hint === undefined ? issue : { ...issue, hint };
}

/** The issues as they count for a text: what newer checks find in a registered one only warns. */
export const asCounted = (issues: readonly Issue[], isRegistered: boolean): Issue[] =>
  issues.map(({ check, ...issue }) =>
    check === undefined || !isRegistered || issue.severity !== 'error'
      ? issue
      : { ...issue, code: 'NEWER_CHECK', severity: 'warning' },
  );

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
