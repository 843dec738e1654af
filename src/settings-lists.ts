/**
 * Settings that are lists of texts, each of which means something: folders, hosts and networks, names.
 *
 * What a text must look like is checked where the list is read, so that a rule that would protect
 * nothing is told at once with its place.
 */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { SettingProblem } from './model/notice-settings.ts';

/** What a list was read as: undefined when it is no list; problems by place. */
export interface ReadList {
  readonly value: readonly string[] | undefined;
  readonly problems: readonly SettingProblem[];
}

/** A text as it is meant, or what is wrong with it. */
type Item =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string };

const good = (value: string): Item => ({ ok: true, value });
const bad = (message: string): Item => ({ ok: false, message });

/** A flag or variable holds the texts separated by commas. */
function textsOf(raw: unknown): readonly string[] | undefined {
  const parts: unknown = typeof raw === 'string' ? raw.split(',').map((part) => part.trim()) : raw;
  return Array.isArray(parts) && parts.every((part) => typeof part === 'string')
    ? parts
    : undefined;
}

/** Reads a list; empty texts are left out. */
export function readList(raw: unknown, read: (text: string) => Item = good): ReadList {
  const texts = textsOf(raw);
  if (texts === undefined) return { value: undefined, problems: [] };
  const value: string[] = [];
  const problems: SettingProblem[] = [];
  for (const [at, text] of texts.entries()) {
    if (text === '') continue;
    const item = read(text);
    if (item.ok) value.push(item.value);
    else problems.push({ path: `[${at}]`, message: item.message });
  }
  return { value, problems };
}

/** An absolute folder or file, with `~` for the user's home and without `..` or a closing slash. */
export function readFolder(text: string, home: string = homedir()): Item {
  if (/[*?]/.test(text)) return bad(`"${text}": rules are folders, not patterns`);
  const whole = text === '~' || text.startsWith('~/') ? join(home, text.slice(1)) : text;
  if (isAbsolute(whole)) return good(resolve(whole));
  return bad(`"${text}" is not absolute: write the whole path, or begin with ~/`);
}

const HOST =
  /^(?:\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/;

/** A host (`*.` before it: all below), an address or a network. */
export const readTarget = (text: string): Item =>
  isNetwork(text) || HOST.test(text.toLowerCase())
    ? good(text)
    : bad(
        `"${text}" is no host, address or network, such as "api.example.com", "*.example.com" or "10.0.0.0/8"`,
      );

/** An address or a network. */
export const readNetwork = (text: string): Item =>
  isNetwork(text)
    ? good(text)
    : bad(`"${text}" is no address or network, such as "10.0.0.5" or "10.0.0.0/8"`);

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  const most = family === 6 ? 128 : 32;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

/** The name of an environment variable. */
export const readVariable = (text: string): Item =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? good(text) : bad(`"${text}" is no name of a variable`);
