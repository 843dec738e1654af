/**
 * The parts of a secret's value that are secrets by themselves: its lines, the telling leaves of a JSON
 * value, the password of an address, the value of `KEY=value`.
 *
 * A part that is an ordinary word would be masked in everything that a run records, so a value of many
 * entries gives up only those whose name says secret or whose text is evidently random.
 */
import { parseJson } from '../model/json-text.ts';

/** A value inside a value inside a value: deeper than this nothing is looked for. */
const MAX_DEPTH = 6;
/** A leaf under a name that says nothing is a secret from this length on, if it is random. */
const MIN_RANDOM_LENGTH = 20;
/** Bits a character: words and sentences stay below, keys and hashes are above. */
const MIN_RANDOM_BITS = 3.5;
/** A part that is shorter than this tells nothing apart. */
const MIN_PART_LENGTH = 4;

const SECRET_NAME =
  /pass|pwd|secret|token|credential|private|api[-_.]?key|access[-_.]?key|(?:^|[-_.])(?:key|auth|pin|sig)$|[a-z](?:Key|Pin|Sig)$|signature|authorization/i;
const ARMOUR = /^-----(?:BEGIN|END) [A-Z0-9 ]+-----$/;
const PAIR = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*?)\s*$/;
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i;
const USERINFO = /^[a-z][a-z0-9+.-]*:\/\/([^:@/?#]*)(?::(.*))?@[^@]*$/is;

/** The value itself first, then its parts, each once. */
export function partsOf(secret: string): readonly string[] {
  const found = new Set<string>();
  collect(secret, found, 0);
  return [...found];
}

function collect(value: string, found: Set<string>, depth: number): void {
  if (value === '' || depth > MAX_DEPTH || found.has(value)) return;
  found.add(value);
  const trimmed = value.trim();
  if (trimmed.length >= MIN_PART_LENGTH) found.add(trimmed);
  const json = parsedJson(trimmed);
  if (json !== null) {
    collectLeaves('', json, found, depth);
    return;
  }
  collectPassword(trimmed, found, depth);
  const lines = trimmed.split(/\r\n|\r|\n/);
  if (lines.length === 1) {
    const pair = pairIn(trimmed);
    if (pair !== null && pair.value.length >= MIN_PART_LENGTH)
      collect(pair.value, found, depth + 1);
    return;
  }
  for (const line of lines) collectLine(line, found, depth);
}

function collectLine(line: string, found: Set<string>, depth: number): void {
  const text = line.trim();
  if (text.length < MIN_PART_LENGTH || ARMOUR.test(text)) return;
  found.add(text);
  const pair = pairIn(text);
  if (pair !== null && isSecretLeaf(pair.name, pair.value)) collect(pair.value, found, depth + 1);
  collectPassword(text, found, depth);
}

function collectPassword(text: string, found: Set<string>, depth: number): void {
  const [, user = '', password] = USERINFO.exec(text) ?? [];
  // A token often stands alone before the host.
  const hidden = password ?? user;
  if (hidden.length < MIN_PART_LENGTH) return;
  collect(hidden, found, depth + 1);
  collect(decoded(hidden), found, depth + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing: it is as it stands.
    return text;
  }
}

function pairIn(line: string): { readonly name: string; readonly value: string } | null {
  const [, name, value] = PAIR.exec(line) ?? [];
  if (name === undefined || value === undefined) return null;
  const quoted = /^(["'])(.*)\1$/.exec(value);
  return { name, value: quoted?.[2] ?? value };
}

function parsedJson(text: string): object | null {
  if (!/^[[{]/.test(text)) return null;
  try {
    const value: unknown = parseJson(text);
    return typeof value === 'object' ? value : null;
  } catch {
    // It only begins like JSON.
    return null;
  }
}

function collectLeaves(name: string, value: unknown, found: Set<string>, depth: number): void {
  if (typeof value === 'string') {
    if (isSecretLeaf(name, value)) collect(value, found, depth + 1);
    else collectPassword(value, found, depth);
  } else if (Array.isArray(value)) {
    for (const item of value) collectLeaves(name, item, found, depth);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) collectLeaves(key, item, found, depth);
  }
}

function isSecretLeaf(name: string, value: string): boolean {
  if (value.length < MIN_PART_LENGTH) return false;
  if (ADDRESS.test(value) && !USERINFO.test(value)) return false;
  return SECRET_NAME.test(name) || isRandom(value);
}

function isRandom(text: string): boolean {
  if (text.length < MIN_RANDOM_LENGTH || /[\s@]/.test(text)) return false;
  if (!/\d/.test(text) || !/[A-Za-z]/.test(text)) return false;
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length);
  return bits >= MIN_RANDOM_BITS;
}
