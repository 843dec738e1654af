/**
 * `fs.*`: the table of the file actions; each is carried out in a file of its own.
 *
 * Relative paths are resolved against the run's working directory.
 */
import type { ActionDef, EffectAction, ParamSpec } from '../model/action.ts';
import type { ActionDeps } from './deps.ts';
import { copyAction, moveAction } from './fs-copy.ts';
import { deleteAction } from './fs-delete.ts';
import { listAction, readAction, statAction } from './fs-read.ts';
import { appendAction, modeProblem, writeAction } from './fs-write.ts';
import { globProblem } from './glob.ts';

const path: ParamSpec = { type: 'string', required: true };
const off: ParamSpec = { type: 'boolean', default: false };
const on: ParamSpec = { type: 'boolean', default: true };

export function fsActions(deps: ActionDeps): readonly ActionDef[] {
  return [...readers(deps), ...writers(deps)];
}

function readers(deps: ActionDeps): readonly EffectAction[] {
  const base = { inline: false, effect: 'read' } as const;
  return [
    {
      ...base,
      name: 'fs.read',
      description: 'Content of a file.',
      params: {
        path,
        encoding: { type: 'string', values: ['auto', 'text', 'base64'], default: 'auto' },
      },
      run: readAction(deps),
    },
    {
      ...base,
      name: 'fs.list',
      description: 'Entries of a folder, sorted by path.',
      params: { path, pattern: { type: 'string' }, recursive: off },
      check: ({ pattern }) => (typeof pattern === 'string' ? globProblem(pattern) : null),
      run: listAction(deps),
    },
    {
      ...base,
      name: 'fs.stat',
      description: 'Size, time and permissions of a path.',
      params: { path },
      run: statAction(deps),
    },
  ];
}

function writers(deps: ActionDeps): readonly EffectAction[] {
  const pair = { src: path, dst: path, create_dirs: off, overwrite: on };
  const content: ParamSpec = { type: 'any', required: true, secrets: true };
  return [
    {
      inline: false,
      effect: 'idempotent',
      name: 'fs.write',
      description: 'Writes a file whole.',
      params: {
        path,
        content,
        encoding: { type: 'string', values: ['text', 'base64'], default: 'text' },
        create_dirs: off,
        mode: { type: 'any', description: 'whole number or octal text, default 0644' },
        overwrite: on,
      },
      check: ({ mode }) => modeProblem(mode),
      run: writeAction(deps),
    },
    {
      inline: false,
      effect: 'unsafe',
      name: 'fs.append',
      description: 'Adds to the end of a file.',
      params: { path, content: { type: 'any', required: true } },
      run: appendAction(deps),
    },
    {
      inline: false,
      effect: 'idempotent',
      name: 'fs.delete',
      description: 'Deletes a file, an empty folder, or with `recursive` a tree.',
      params: { path, recursive: off, missing_ok: off },
      run: deleteAction(deps),
    },
    {
      inline: false,
      effect: 'idempotent',
      name: 'fs.copy',
      description: 'Copies a file or a tree.',
      params: pair,
      run: copyAction(deps),
    },
    {
      inline: false,
      effect: 'unsafe',
      name: 'fs.move',
      description: 'Moves a file or a tree.',
      params: pair,
      run: moveAction(deps),
    },
  ];
}
