/**
 * Branded identifiers and step paths.
 *
 * A path names a step inside its run: `deploy`, `route.prod.deploy`, `batch.iter_3.hash`,
 * `par.branch_0.a`, hooks `@on_complete`, `@on_error`. Path text is only ever built here.
 */

declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

/** A run (on the wire: `workflow_id`). */
export type RunId = Branded<'run'>;
/** One start of an executing process. */
export type NodeId = Branded<'node'>;
/** SHA-256 of a definition's canonical JSON, 64 hex digits. */
export type DefinitionHash = Branded<'definition'>;

export const asRunId = (text: string): RunId => text as RunId;
export const asNodeId = (text: string): NodeId => text as NodeId;
export const asDefinitionHash = (text: string): DefinitionHash => text as DefinitionHash;

/** A step id: a letter or underscore, then letters, digits, underscores, dashes; at most 128. */
export const STEP_ID_PATTERN = /^[A-Za-z_][A-Za-z0-9_-]*$/;
export const MAX_STEP_ID_LENGTH = 128;

export const HOOK_COMPLETE = '@on_complete';
export const HOOK_ERROR = '@on_error';

/** Path of a step in a list: the list's prefix (`""` for the top list) and the step's id. */
export function stepPath(prefix: string, id: string): string {
  return prefix === '' ? id : `${prefix}.${id}`;
}

/** Prefix of the list under one branch of a condition; odd characters are percent-encoded. */
export function branchPrefix(path: string, key: string): string {
  return `${path}.${encodeKey(key)}`;
}

export const iterationPrefix = (path: string, index: number): string => `${path}.iter_${index}`;
export const parallelPrefix = (path: string, index: number): string => `${path}.branch_${index}`;

function encodeKey(key: string): string {
  let text = '';
  for (const byte of new TextEncoder().encode(key)) {
    const char = String.fromCharCode(byte);
    text += /[A-Za-z0-9_-]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** A decision's id: its run and the sequence of the event that asked. */
export const decisionId = (runId: string, seq: number): string => `${runId}.${seq}`;

/** True when one path is the other, or lies above or below it. */
export function pathsOverlap(a: string, b: string): boolean {
  if (a === b) return true;
  return a.length < b.length ? b.startsWith(`${a}.`) : a.startsWith(`${b}.`);
}

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** True for a name that a variable of an environment or of a jq filter can have. */
export const isVariableName = (name: string): boolean => VARIABLE_NAME.test(name);
