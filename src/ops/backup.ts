/**
 * `backup`: a whole copy of the database, made while runs go on. Who does not sit at this machine only
 * names it; it goes into the folder of backups.
 */
import { AppError } from '../model/error.ts';
import { toRfc3339 } from '../model/time.ts';
import type { CallContext, Operation, Surface } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { backupInput, backupOutput } from './upkeep-schemas.ts';

const SURFACES: readonly Surface[] = ['cli', 'http'];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function createBackup(parts: OpsParts): Operation<typeof backupInput, typeof backupOutput> {
  const { store, clock, upkeep } = parts;
  return {
    name: 'backup',
    summary: 'Copy the database while runs go on',
    input: backupInput,
    output: backupOutput,
    surfaces: SURFACES,
    access: 'admin',
    async handle(ctx, { file, force }) {
      const startedAt = clock.monotonic();
      const target = targetOf(parts, ctx, file);
      const facts = await upkeep.backups.copy({
        file: target,
        force,
        apart: parts.engine !== null,
        abort: ctx.abort,
      });
      return {
        file: target,
        ...facts,
        duration_ms: Math.round(clock.monotonic() - startedAt),
        ...noted(() => store.noteUpkeep('backup', clock.now())),
      };
    },
  };
}

/** The copy is whole, whether or not the database has room to say when it was made. */
function noted(note: () => void): { readonly unnoted?: string } {
  try {
    note();
    return {};
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'STORE_ERROR') throw thrown;
    return { unnoted: thrown.message };
  }
}

function targetOf({ clock, upkeep }: OpsParts, ctx: CallContext, file: string | undefined): string {
  const { folder } = upkeep.backups;
  // 2026-01-31T12:34:56.789Z, without what some file systems refuse.
  const stamp = toRfc3339(clock.now()).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  if (file === undefined) return `${folder}/opcode-${stamp}.db`;
  if (ctx.caller.role === 'local' && ctx.exec !== null) {
    return file.startsWith('/') ? file : `${ctx.exec.cwd}/${file}`;
  }
  if (NAME.test(file)) return `${folder}/${file}`;
  throw new AppError('VALIDATION_ERROR', `file: "${file}" is not a plain file name`, {
    hint: `backups asked for over the network go into ${folder}; write a name such as before-update.db`,
  });
}
