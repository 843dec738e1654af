/**
 * Backups of a configuration's database, made here or, where this process has better to do, in one of
 * their own.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeLeftovers } from './app-leftovers.ts';
import { ownCommand } from './app-parts.ts';
import type { Config } from './config.ts';
import { createCommandRunner } from './isolate/command-runner.ts';
import { AppError, type ErrorCode, isErrorCode } from './model/error.ts';
import { isJsonObject, type Json } from './model/json.ts';
import type { Backups, CopyFacts, CopyRequest } from './ops/upkeep-deps.ts';
import { copyDatabase } from './store/sqlite/backup.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

/** Copies of this configuration's database. */
export function createBackups(config: Config): Backups {
  const folder = join(config.home, 'backups');
  return {
    folder,
    async copy(request) {
      removeLeftovers(config, request.file);
      if (dirname(request.file) === folder) mkdirSync(folder, { recursive: true, mode: 0o700 });
      return request.apart
        ? copyApart(config, request)
        : copyDatabase(config.dbPath, request.file, request);
    },
  };
}

/** Copies in a process of its own. */
async function copyApart(config: Config, request: CopyRequest): Promise<CopyFacts> {
  const { file, force, abort } = request;
  const argv = ownCommand('backup', file, '--json');
  const command = createCommandRunner().prepare({
    argv: [...argv, '--db-path', config.dbPath, ...(force ? ['--force'] : [])],
    cwd: config.home,
    baseEnv: config.callerEnv,
    env: { OPCODE_HOME: config.home },
    stdin: null,
    maxOutputBytes: MAX_ANSWER_BYTES,
    limits: {},
  });
  const result = await command.run({
    timeoutMs: null,
    signal: abort ?? new AbortController().signal,
    onOutput: () => undefined,
    cut: (text, from, to) => text.slice(from, to),
  });
  if (result.stopped !== null) throw new AppError('CANCELLED', 'the backup was stopped');
  const answer = answerOf(result.stdout);
  if (result.exitCode === 0 && answer !== null) return answer as unknown as CopyFacts;
  throw errorOf(answer?.error) ?? new AppError('STORE_ERROR', `no backup: ${result.stderr.trim()}`);
}

function answerOf(text: string) {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : null;
  } catch {
    // Whatever it printed, it is no answer.
    return null;
  }
}

function errorOf(value: Json | undefined): AppError | null {
  if (value === undefined || !isJsonObject(value)) return null;
  const { code, message, hint } = value;
  if (typeof code !== 'string' || typeof message !== 'string' || !isErrorCode(code)) return null;
  return new AppError(code satisfies ErrorCode, message, typeof hint === 'string' ? { hint } : {});
}
