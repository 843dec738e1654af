/**
 * The name that a template is registered under: given, or the one that the workflow gives itself, or
 * derived from its title or its file.
 */
import { basename, dirname, extname } from 'node:path';
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import { ownValue } from '../model/json.ts';
import type { TemplateRow } from '../model/store.ts';

export interface TemplateName {
  readonly name: string;
  /** True when nobody gave it as a name: it may hit another template by accident. */
  readonly derived: boolean;
}

const MAX_NAME = 128;

/** The name for a workflow, null when nothing names it. `file` is an absolute path. */
export function templateNameOf(
  given: string | undefined,
  pack: Pick<WorkflowPackage, 'name' | 'definition'>,
  file: string | null,
): TemplateName | null {
  const own = given ?? pack.name;
  if (own !== null) return { name: own, derived: false };
  const title = ownValue(pack.definition.metadata ?? {}, 'name');
  const name =
    (typeof title === 'string' ? safeName(title) : '') || (file === null ? '' : fileName(file));
  return name === '' ? null : { name, derived: true };
}

/** Files that are called like these say nothing: their folder does. */
const PLAIN_FILES: ReadonlySet<string> = new Set(['workflow', 'opcode', 'main', 'index']);

function fileName(file: string): string {
  const base = basename(file, extname(file));
  const folder = safeName(basename(dirname(file)));
  return PLAIN_FILES.has(base.toLowerCase()) && folder !== '' ? folder : safeName(base);
}

/** A text as a template name: what cannot stand in one becomes a dash. */
function safeName(text: string): string {
  const clean = text
    .replace(/\.(json|jsonc|ya?ml)$/i, '')
    .replace(/[^\p{L}\p{N}_ .:+-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}_]+/u, '')
    .slice(0, MAX_NAME);
  return clean.replace(/[-\s]+$/u, '');
}

/** A name that cannot be mistaken for a file, an option or `@last`. @throws VALIDATION_ERROR */
export function checkedName(name: string | null): string {
  if (name === null) {
    throw new AppError('VALIDATION_ERROR', 'name: the template needs a name', {
      hint: 'give `name` (on the command line --name), or write `name` into the workflow',
    });
  }
  const isClean = /^[\p{L}\p{N}_][\p{L}\p{N}_ .:+-]*$/u.test(name) && name.trim() === name;
  if (name.length > MAX_NAME || !isClean || /\.(json|jsonc|ya?ml)$/i.test(name)) {
    throw new AppError('VALIDATION_ERROR', `name: "${name.slice(0, 60)}" is no template name`, {
      hint: `letters, digits, spaces and _ . : + - (at most ${MAX_NAME}), not ending like a file`,
    });
  }
  return name;
}

/** A name that may be registered. @throws VALIDATION_ERROR when there is none or it is no name */
export function checkedTemplateName(found: TemplateName | null): TemplateName {
  return { name: checkedName(found?.name ?? null), derived: found?.derived ?? false };
}

/** A derived name adds versions only to what came from the same file. @throws CONFLICT */
export function refuseOthersName(
  { name, derived }: TemplateName,
  before: TemplateRow | null,
  file: string | null,
): void {
  if (!derived || before === null || before.sourceFile === null) return;
  if (before.sourceFile === file) return;
  throw new AppError(
    'CONFLICT',
    `there is a template "${name}" already, from ${before.sourceFile}`,
    {
      hint: `give a name: "${name}" makes this its next version (on the command line --name ${JSON.stringify(name)}), another one keeps both`,
      details: { name, file: before.sourceFile },
    },
  );
}
