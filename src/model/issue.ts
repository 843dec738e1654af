/**
 * A problem in what a user wrote: data, collected all at once, never thrown one by one.
 *
 * `path` is like `steps[2].config.branches.prod[0].params.url` (empty for the whole file).
 */
import type { ErrorCode } from './error.ts';

export interface Issue {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly severity: 'error' | 'warning';
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
