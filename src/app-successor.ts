/**
 * A daemon that starts its own successor. Only it knows the environment it was started with: nobody else
 * can read it. Whoever wants a restart leaves a request in the home and asks it to stop; when it has
 * stopped it starts the program that the request names, with its own arguments, folder and environment,
 * and leaves word which process that is.
 *
 * A program that others could have put there gets nothing, and one that this user could have put there
 * takes the place of one that only root can.
 */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownCommand } from './app-parts.ts';
import { logPathOf } from './app-relay.ts';
import type { Config } from './config.ts';
import { startDetached } from './isolate/detached.ts';
import type { Environment } from './isolate/own-process.ts';
import { ownIdentity, startTimeOf } from './isolate/process-info.ts';
import { isRootsOwn, othersMayWrite } from './isolate/program-file.ts';
import { AppError, messageOf } from './model/error.ts';
import { isJsonArray, isJsonObject, type Json } from './model/json.ts';

export interface Successor {
  readonly pid: number;
  readonly started: string;
}

/** How a daemon was started, as far as its successor needs it. */
export interface OwnStart {
  /** Arguments behind the program. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
}

interface Mark {
  readonly pid: number;
  readonly started: string;
}

const requestPath = ({ home }: Config): string => join(home, 'opcode.restart');
const answerPath = ({ home }: Config): string => join(home, 'opcode.successor');

/** Asks the daemon to start this program when it has stopped. */
export function requestSuccessor(config: Config, { pid, started }: Mark): void {
  rmSync(answerPath(config), { force: true });
  writeWhole(requestPath(config), { pid, started, program: [...ownCommand()] });
}

/** Takes a request back: the daemon only stops. */
export const withdrawSuccessor = (config: Config): void =>
  rmSync(requestPath(config), { force: true });

/** Which process the daemon that has ended started. @throws CONFLICT saying why there is none */
export function successorOf(config: Config, { pid, started }: Mark): Successor {
  const answer = readObject(answerPath(config));
  rmSync(answerPath(config), { force: true });
  withdrawSuccessor(config);
  if (answer?.of !== `${pid}/${started}`) {
    throw new AppError('CONFLICT', `the daemon (pid ${pid}) ended without starting its successor`, {
      hint: 'it was killed, and its environment went with it: opcode serve starts a new one',
    });
  }
  if (typeof answer.error === 'string') {
    throw new AppError('CONFLICT', `the daemon has ended, and started no other: ${answer.error}`, {
      hint: 'opcode serve starts one with the environment of this shell',
    });
  }
  return { pid: Number(answer.pid), started: String(answer.started) };
}

/** Starts the successor that was asked for, once this process has given up all it had. */
export function startSuccessor(config: Config, own: OwnStart): Successor | null {
  const self = ownIdentity();
  const request = readObject(requestPath(config));
  withdrawSuccessor(config);
  if (request === null || request.pid !== self.pid || request.started !== self.started) return null;
  const of = `${self.pid}/${self.started}`;
  try {
    const successor = start(config, own, wordsIn(request.program));
    writeWhole(answerPath(config), { of, ...successor });
    return successor;
  } catch (thrown) {
    writeWhole(answerPath(config), { of, error: messageOf(thrown) });
    throw thrown;
  }
}

function start(config: Config, own: OwnStart, program: readonly string[]): Successor {
  for (const path of program) refuseStrangers(path);
  const logPath = logPathOf(config.home);
  const logs = own.args.includes('--log-file') ? [] : ['--log-file', logPath];
  const { pid } = startDetached({
    command: [...program, 'serve', ...own.args, ...logs],
    cwd: existsSync(own.cwd) ? own.cwd : config.home,
    env: { ...own.env, OPCODE_HOME: config.home },
    outputPath: logPath,
  });
  return { pid, started: startTimeOf(pid) ?? '' };
}

/** @throws PERMISSION_DENIED for a program that somebody else could have put there */
function refuseStrangers(path: string): void {
  const why = othersMayWrite(path);
  if (why !== null) throw new AppError('PERMISSION_DENIED', `${path} is not started: ${why}`);
  if (ownCommand().every(isRootsOwn) && !isRootsOwn(path)) {
    throw new AppError('PERMISSION_DENIED', `${path} is not started: this program is root's own`);
  }
}

const wordsIn = (value: Json | undefined): readonly string[] => {
  const words = value !== undefined && isJsonArray(value) ? value.map(String) : [];
  if (words.length > 0) return words;
  throw new AppError('VALIDATION_ERROR', 'the request to restart names no program');
};

/** What a file of this user says; null when there is none, or somebody else could have written it. */
function readObject(path: string): Readonly<Record<string, Json>> | null {
  try {
    const { uid, mode } = statSync(path);
    if (uid !== (process.getuid?.() ?? uid) || (mode & 0o022) !== 0) return null;
    const value = JSON.parse(readFileSync(path, 'utf8')) as Json;
    return isJsonObject(value) ? value : null;
  } catch {
    // It is not there, or was cut short: nobody asked.
    return null;
  }
}

function writeWhole(path: string, value: Json): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}
