/**
 * The environment a command gets: a short list from the starter, then what the step says.
 *
 * Nothing else leaks in: not the vault key, not the runtime's own `BUN_*` switches (which would act
 * on every program built with it), not what happened to be set in the daemon's shell.
 */
import type { Command } from './command.ts';

const PASSED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TERM',
]);
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Environment = Readonly<Record<string, string>>;

/** What stays when a step takes everything away. */
const KEPT = new Set(['PATH', 'HOME', 'LANG', 'TZ']);

/** Variables of a child process; `passed` are further ones that a setting lets through. */
export function childEnvironment(
  { baseEnv: base, env: step, dropped = [] }: Pick<Command, 'baseEnv' | 'env' | 'dropped'>,
  passed: Environment = {},
): Record<string, string> {
  const env: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const [name, value] of Object.entries(passed)) if (!isPrivate(name)) env[name] = value;
  for (const [name, value] of Object.entries(base)) {
    const wanted = PASSED.has(name) || name.startsWith('LC_');
    if (wanted && !isPrivate(name)) env[name] = value;
  }
  for (const name of Object.keys(env)) {
    const isDropped = dropped.includes(name) || (dropped.includes('*') && !KEPT.has(name));
    if (isDropped) delete env[name];
  }
  return { ...env, ...step };
}

/** Variables whose values nobody else may read: taken out of our own environment at the start. */
export const isSecretVariable = (name: string): boolean =>
  name === 'OPCODE_VAULT_KEY' || name === 'OPCODE_TOKEN' || name.startsWith('OPCODE_SECRET_');

/** The runtime's own switches, and what only Opcode itself may know. */
const PRIVATE = ['BUN_', 'OPCODE_VAULT_KEY', 'OPCODE_TOKEN', 'OPCODE_SECRET_'];

const isPrivate = (name: string): boolean => PRIVATE.some((prefix) => name.startsWith(prefix));
