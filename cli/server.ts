/**
 * The server that a command works on when `OPCODE_URL` names one, and the commands that cannot: they
 * are about the database and the processes of this machine.
 */
import { readFileSync } from 'node:fs';
import type { RemoteServer } from '../src/app-remote.ts';
import { AppError, messageOf } from '../src/model/error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The address in the environment, null when commands work here. */
export const serverOf = ({ OPCODE_URL: url }: Environment): string | null =>
  url === undefined || url.trim() === '' ? null : url.trim();

const HERE: ReadonlySet<string> = new Set([
  'serve',
  'stop',
  'restart',
  'mcp',
  'exec',
  'recover',
  'gc',
  'backup',
  'restore',
  'verify',
  'doctor',
  'settings',
]);

/** @throws VALIDATION_ERROR for a command that needs this machine while a server is named */
export function refuseElsewhere(command: string | undefined, env: Environment): void {
  const url = serverOf(env);
  if (url === null || command === undefined || !HERE.has(command)) return;
  throw new AppError(
    'VALIDATION_ERROR',
    `opcode ${command} works on the database of its own machine, and OPCODE_URL names ${url}`,
    { hint: 'use it on that machine, or unset OPCODE_URL to work on this one' },
  );
}

const YES = /^(1|true|yes|on)$/i;

/** Opens the server of the environment. @throws VALIDATION_ERROR, PERMISSION_DENIED */
export async function openServer(env: Environment, url: string, allowHttp: boolean) {
  const { openRemote, remoteUrl } = await import('../src/app-remote.ts');
  const mayBePlain = allowHttp || YES.test((env.OPCODE_ALLOW_HTTP ?? '').trim());
  const server: RemoteServer = {
    url: remoteUrl(url, 'OPCODE_URL', mayBePlain),
    token: tokenOf(env),
  };
  return openRemote(server);
}

function tokenOf({ OPCODE_TOKEN: token, OPCODE_TOKEN_FILE: file }: Environment): string | null {
  if (token !== undefined && token !== '') return checkedToken(token, 'OPCODE_TOKEN');
  if (file === undefined || file === '') return null;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new AppError('VALIDATION_ERROR', `OPCODE_TOKEN_FILE: ${messageOf(thrown)}`);
  }
  return checkedToken(text, `OPCODE_TOKEN_FILE: ${file}`);
}

/** A token as a header can carry it. */
function checkedToken(text: string, where: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new AppError('VALIDATION_ERROR', `${where} holds no token`, {
    hint: 'one line of letters and digits, as `opcode token create` printed it',
  });
}
