/**
 * settings.json as it stands on disk: its values by dotted key, and every problem with its line and
 * column.
 */

import { readFileSync } from 'node:fs';
import { findNodeAtLocation, type Node, type ParseError, parseTree, visit } from 'jsonc-parser';
import { messageOf } from './model/error.ts';
import type { Issue } from './model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from './model/json.ts';
import { parseJson } from './model/json-text.ts';
import { SETTINGS, type SettingKey } from './settings.ts';

export interface SettingsFile {
  /** What the file holds, by dotted key; only keys that are settings. */
  readonly values: ReadonlyMap<string, Json>;
  readonly issues: readonly Issue[];
  /** An issue about what stands at a key; `inside` is a path from there on, such as `[0].on`. */
  issueAt(key: string, inside: string, message: string): Issue;
}

const KEYS = Object.keys(SETTINGS);

/** An issue of configuration, wherever it stands. */
export const settingIssue = (path: string, message: string, hint?: string): Issue => ({
  path,
  code: 'VALIDATION_ERROR',
  message,
  severity: 'error',
  ...(hint === undefined ? {} : { hint }),
});

/** Reads the file at a path; a missing or empty one holds nothing. */
export function readSettingsFile(path: string): SettingsFile {
  const text = readText(path);
  if (typeof text !== 'string') return nothing(path, text.issues);
  if (text.trim() === '') return nothing(path, []);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const lineOf = lineIndex(text);
  const value = parsed(text);
  if ('problem' in value) {
    const at = Math.min(errors[0]?.offset ?? text.length, text.trimEnd().length);
    const issue = settingIssue(path, `not valid JSON: ${value.problem}`, SYNTAX_HINT);
    return nothing(path, [{ ...issue, ...lineOf(at) }]);
  }
  if (!isJsonObject(value.json)) {
    return nothing(path, [settingIssue(path, 'must hold an object of settings')]);
  }
  const places = createPlaces(root, lineOf);
  const issues = writtenTwice(path, text);
  const values = new Map<string, Json>();
  flatten(value.json, { path, places, issues, values });
  return {
    values,
    issues,
    issueAt: (key, inside, message) => at(path, places, key, inside, message),
  };
}

const SYNTAX_HINT = 'comments and a comma before a closing bracket are no JSON';

const nothing = (path: string, issues: readonly Issue[]): SettingsFile => ({
  values: new Map(),
  issues,
  issueAt: (key, inside, message) => settingIssue(`${path}: ${key}${inside}`, message),
});

function readText(path: string): string | { readonly issues: readonly Issue[] } {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '';
    return { issues: [settingIssue(path, `cannot be read: ${messageOf(thrown)}`)] };
  }
}

function parsed(text: string): { readonly json: Json } | { readonly problem: string } {
  try {
    return { json: parseJson(text) };
  } catch (thrown) {
    return { problem: messageOf(thrown).replace(/^JSON Parse error: /, '') };
  }
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Line and column, both from 1, of an offset. */
function lineIndex(text: string): (offset: number) => Place {
  return (offset) => {
    const before = text.slice(0, offset);
    return {
      line: before.split('\n').length,
      column: offset - (before.lastIndexOf('\n') + 1) + 1,
    };
  };
}

type Places = (steps: readonly (string | number)[]) => Place | null;

/** Where a value stands, or the nearest around it; of a key's value it is the key. */
function createPlaces(root: Node | undefined, lineOf: (offset: number) => Place): Places {
  return (steps) => {
    for (let length = steps.length; length > 0; length -= 1) {
      const node = root && findNodeAtLocation(root, steps.slice(0, length));
      if (node === undefined) continue;
      const isNamed = node.parent?.type === 'property';
      return lineOf((isNamed ? node.parent : node)?.offset ?? 0);
    }
    return null;
  };
}

/** Keys that an object has twice, of which JSON would let the last win. */
function writtenTwice(path: string, text: string): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<string>();
  const starts: number[] = [];
  visit(text, {
    onObjectBegin: (offset) => void starts.push(offset),
    onObjectEnd: () => void starts.pop(),
    onObjectProperty(name, _offset, _length, line, character, pathOf) {
      const id = JSON.stringify([starts.at(-1), name]);
      if (seen.has(id)) {
        const key = [...pathOf(), name].join('.');
        const issue = settingIssue(`${path}: ${key}`, 'stands there twice: keep one');
        issues.push({ ...issue, line: line + 1, column: character + 1 });
      }
      seen.add(id);
    },
  });
  return issues;
}

interface Flattening {
  readonly path: string;
  readonly places: Places;
  readonly issues: Issue[];
  readonly values: Map<string, Json>;
}

/** Collects settings by dotted key; unknown keys become issues that name the nearest known one. */
function flatten(root: JsonObject, { path, places, issues, values }: Flattening): void {
  const walk = (value: JsonObject, prefix: string): void => {
    for (const [name, below] of Object.entries(value)) {
      const key = `${prefix}${name}`;
      const isGroup = KEYS.some((known) => known.startsWith(`${key}.`));
      if (put(values, key, below)) continue;
      if (isGroup && isJsonObject(below)) walk(below, `${key}.`);
      else if (isGroup) issues.push(at(path, places, key, '', 'must be an object of settings'));
      else if (key !== '$schema') {
        const hint = nearestText(key);
        issues.push({ ...at(path, places, key, '', `is not a setting (${hint})`), hint });
      }
    }
  };
  walk(root, '');
}

/** Keeps a setting; false when the key is none. Groups have names of their own under one setting. */
function put(values: Map<string, Json>, key: string, value: Json): boolean {
  const isLimit = key.startsWith(`${GROUPS}.`);
  if (!isLimit && !Object.hasOwn(SETTINGS, key)) return false;
  const others = isLimit ? values.get(GROUPS) : undefined;
  const named = isJsonObject(others ?? null) ? (others as JsonObject) : {};
  if (isLimit) values.set(GROUPS, { ...named, [key.slice(GROUPS.length + 1)]: value });
  else values.set(key, value);
  return true;
}

const GROUPS = 'limits.groups' satisfies SettingKey;

/** A key may stand whole, or as levels of objects. */
function at(path: string, places: Places, key: string, inside: string, message: string): Issue {
  const within = [...inside.matchAll(/\[(\d+)\]|\.([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
  const place = places([...key.split('.'), ...within]) ?? places([key, ...within]);
  return { ...settingIssue(`${path}: ${key}${inside}`, message), ...place };
}

function nearestText(key: string): string {
  const nearest = KEYS.map((known) => ({ known, distance: editDistance(known, key) })).sort(
    (a, b) => a.distance - b.distance,
  )[0];
  return nearest !== undefined && nearest.distance <= 3
    ? `did you mean "${nearest.known}"?`
    : 'the reference lists every key';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
