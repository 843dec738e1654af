/**
 * Finding a program before anything is started, so that a missing one is a clear error and not an
 * exit code that could also be the program's own.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { AppError } from '../model/error.ts';

/**
 * The path of a program as a shell would find it.
 * @throws AppError EXECUTION_ERROR when there is none
 */
export function findCommand(command: string, cwd: string, path: string): string {
  if (command.includes('/')) {
    const file = resolve(cwd, command);
    if (isProgram(file)) return file;
    throw existsAsFile(file)
      ? notFound(command, 'EACCES', 'it may not be executed')
      : notFound(command, 'ENOENT', 'there is no such file');
  }
  for (const folder of path.split(delimiter)) {
    const file = join(resolve(cwd, folder), command);
    if (isProgram(file)) return file;
  }
  throw notFound(command, 'ENOENT', `it is in no folder of PATH (${path})`);
}

function notFound(command: string, errno: string, reason: string): AppError {
  const words = /\s/.test(command.trim());
  return new AppError('EXECUTION_ERROR', `cannot run ${command}: ${reason}`, {
    details: { command, errno },
    ...(words ? { hint: 'give arguments in `args`, or set `shell: true`' } : {}),
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Missing or closed to us: no program for us either way.
    return false;
  }
}

function existsAsFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** @throws AppError EXECUTION_ERROR when it is no folder one can work in */
export function checkFolder(cwd: string): void {
  const there = statSync(cwd, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) return;
  const isMissing = there === undefined;
  const reason = isMissing ? 'there is no such folder' : 'it is not a folder';
  throw new AppError('EXECUTION_ERROR', `cannot work in ${cwd}: ${reason}`, {
    details: { cwd, errno: isMissing ? 'ENOENT' : 'ENOTDIR' },
  });
}
