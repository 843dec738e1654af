/**
 * A problem in what a user wrote: data, collected all at once, never thrown one by one.
 *
 * `path` is like `steps[2].config.branches.prod[0].params.url` (empty for the whole file).
 */
import type { ErrorCode } from './error.ts';
import type { NewerCheckName } from './newer-checks.ts';

/** Codes of warnings: none of them is the code of an error. */
export const WARNING_CODES = [
  'CHANGED_STEP',
  'DECISION_TIMEOUT',
  'DELAY_IGNORED',
  'EAGER_RETRY',
  'EITHER_DAY',
  'EMPTY_BRANCH',
  'HANDED_SECRET',
  'JSON_TEXT',
  'MISSING_SECRET',
  'MOVED_PARAM',
  'NEVER_FIRES',
  'NEWER_CHECK',
  'NO_EFFECT',
  'NO_FALLBACK',
  'NO_MAX_ITER',
  'OLD_SPELLING',
  'OPTIONAL_INPUT',
  'UNGIVEN_INPUT',
  'STAND_IN_CHOICE',
  'ZERO_EXIT_CODE',
  'WRAPPED_RESULT',
  'PLAIN_TEMPLATE',
  'PROGRAM_TEXT',
  'TYPE_MISMATCH',
  'UNAPPROVED',
  'UNCAUGHT_REFUSAL',
  'UNCHECKED_ACTION',
  'UNDECLARED_INPUT',
  'UNKNOWN_GROUP',
  'UNKNOWN_PARAM',
  'UNREAD_CHOICE',
  'UNREAD_EXIT_CODE',
  'UNSAFE_RETRY',
  'WHOLE_DIVISION',
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

export interface Issue {
  readonly path: string;
  /** That of an error, or a warning's own. */
  readonly code: ErrorCode | WarningCode;
  readonly message: string;
  readonly hint?: string;
  readonly severity: 'error' | 'warning';
  /** The check that found it, when it is newer than the first rules. */
  readonly check?: NewerCheckName;
  /** 1-based position in the source file, when there is one. */
  readonly line?: number;
  readonly column?: number;
}

export type IssuePath = readonly (string | number)[];

/** Text of an issue path: keys that are not plain names are quoted in brackets. */
export function formatIssuePath(path: IssuePath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[A-Za-z_$@][A-Za-z0-9_$-]*$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

export const hasErrors = (issues: readonly Issue[]): boolean =>
  issues.some((issue) => issue.severity === 'error');
