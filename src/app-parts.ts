/**
 * Small parts of the composition root: policies over paths and addresses, identity of this process,
 * and the command that starts a compute process.
 */
import { createHash, randomUUID } from 'node:crypto';
import packageJson from '../package.json' with { type: 'json' };
import type { EgressPolicy, PathPolicy } from './actions/deps.ts';
import type { Randomness } from './model/ports.ts';

declare const OPCODE_VERSION: string | undefined;

/** The version that the build wrote in; from source that of package.json. */
export const programVersion = (): string =>
  typeof OPCODE_VERSION === 'string' ? OPCODE_VERSION : packageJson.version;

/** Random ids and hashes of this process. */
export const RANDOMNESS: Randomness = {
  uuid: () => randomUUID(),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
};

/** How a compute process is started: our own binary, or from source with Bun. */
export function computeCommand(): readonly string[] {
  const script = process.argv[1] ?? '';
  const fromSource = /\.tsx?$/.test(script) && !script.startsWith('/$bunfs/');
  if (!fromSource && !import.meta.path.endsWith('.ts')) return [process.execPath, '__compute'];
  const main = new URL('../cli/main.ts', import.meta.url).pathname;
  return main.startsWith('/$bunfs/')
    ? [process.execPath, '__compute']
    : [process.execPath, main, '__compute'];
}

/** Path rules of the settings: deny wins, then read-only, then the list of writable paths. */
export function createPathPolicy(rules: {
  readonly deny: readonly string[];
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}): PathPolicy {
  return {
    check(path, access) {
      const denied = rules.deny.find((rule) => isUnder(path, rule));
      if (denied !== undefined) return `${path} is under ${denied}, which no step may touch`;
      if (access === 'read') return null;
      const readOnly = rules.readOnly.find((rule) => isUnder(path, rule));
      if (readOnly !== undefined) return `${path} is under ${readOnly}, which steps may only read`;
      if (rules.writable.length === 0 || rules.writable.some((rule) => isUnder(path, rule)))
        return null;
      return `${path} is not under a path that steps may write to (${rules.writable.join(', ')})`;
    },
  };
}

const isUnder = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** Link-local and metadata addresses are never called; hosts by the settings. */
export function createEgressPolicy(rules: {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}): EgressPolicy {
  return {
    allow(host, address) {
      if (isLinkLocal(address)) return `${host} is at ${address}, a link-local or metadata address`;
      const named = (rule: string): boolean => covers(rule, host, address);
      if (rules.deny.some(named)) return `${host} (${address}) is denied by egress.deny`;
      if (rules.allow.length === 0 || rules.allow.some(named)) return null;
      return `${host} (${address}) is not in egress.allow`;
    },
  };
}

function isLinkLocal(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return plain.startsWith('169.254.') || /^fe[89ab]/.test(plain) || plain.startsWith('fd00:ec2:');
}

/** `example.com`, `*.example.com`, an address, or an IPv4 network `10.0.0.0/8`. */
function covers(rule: string, host: string, address: string): boolean {
  if (rule === host || rule === address) return true;
  if (rule.startsWith('*.')) return host.endsWith(rule.slice(1));
  const [network, bits] = rule.split('/');
  if (bits === undefined || network === undefined) return false;
  const base = ipv4(network);
  const ip = ipv4(address.replace(/^::ffff:/i, ''));
  if (base === null || ip === null) return false;
  const mask = bits === '0' ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0;
  return (base & mask) >>> 0 === (ip & mask) >>> 0;
}

function ipv4(text: string): number | null {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
