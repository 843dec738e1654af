/**
 * From what a caller gives (a template's name, a definition, a file's text) to a definition that can
 * run: read, checked whole, compiled.
 *
 * Every problem is collected. Nothing is stored here.
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import type { DefinitionHash } from '../model/ids.ts';
import { hasErrors, type Issue } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import type { TemplateRow } from '../model/store.ts';
import { type VersionRef, versionNumber } from '../model/version.ts';
import { located } from '../validate/positions.ts';
import {
  formatOfFile,
  type ReadDefinition,
  readDefinition,
  readDefinitionValue,
} from '../validate/read-definition.ts';
import { type ValidateDeps, validateWorkflow } from '../validate/validate-workflow.ts';
import type { CallContext } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { definitionHashOf } from './plans.ts';
import type { SourceInput } from './shapes.ts';
import { findTemplate } from './template.ts';
import { triggerIssues } from './triggers.ts';

/** What a caller gives; exactly one of the three. */
export interface Given {
  readonly template_name?: string | undefined;
  readonly version?: VersionRef | undefined;
  readonly definition?: Json | undefined;
  readonly source?: SourceInput | undefined;
}

export interface Prepared {
  readonly pack: WorkflowPackage;
  readonly hash: DefinitionHash;
  readonly plan: Plan;
  readonly warnings: readonly Issue[];
  readonly template: { readonly name: string; readonly version: number } | null;
  /** The folder that `working_dir` is relative to. */
  readonly folder: string;
}

export interface Checked {
  /** The workflow as it was read; null when it has no shape. */
  readonly pack: WorkflowPackage | null;
  /** Null when there is an error among the issues. */
  readonly prepared: Prepared | null;
  readonly issues: readonly Issue[];
}

/** A definition ready to run. @throws VALIDATION_ERROR with every issue, NOT_FOUND */
export function prepare(parts: OpsParts, ctx: CallContext, given: Given): Prepared {
  if (given.template_name !== undefined) {
    onlyOne(given);
    return prepareTemplate(parts, given.template_name, versionNumber(given.version));
  }
  return accepted(check(parts, ctx, given));
}

/** What was checked, when it has no error. @throws VALIDATION_ERROR with every issue */
export function accepted({ prepared, issues }: Checked): Prepared {
  if (prepared !== null) return prepared;
  const errors = issues.filter((issue) => issue.severity === 'error');
  const [first] = errors;
  const code = errors.every((issue) => issue.code === 'CYCLE_DETECTED')
    ? 'CYCLE_DETECTED'
    : 'VALIDATION_ERROR';
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new AppError(code, `the workflow is not valid: ${where}${first?.message ?? ''}${more}`, {
    details: { issues: issues as unknown as Json },
    ...(first?.hint === undefined ? {} : { hint: first.hint }),
  });
}

/** Reads and checks a definition or a file's text. */
export function check(parts: OpsParts, ctx: CallContext, given: Given): Checked {
  onlyOne(given);
  if (given.version !== undefined) throw versionless();
  return checkRead(parts, readGiven(parts, given), folderOf(parts, ctx, given.source));
}

/** Checks what was read; a workflow that is registered as it is has newer checks only warn. */
export function checkRead(
  parts: OpsParts,
  read: ReadDefinition,
  folder: string,
  isRegistered: (pack: WorkflowPackage) => boolean = () => false,
): Checked {
  const checked = checkWhole(parts, read, folder, isRegistered);
  const { argument } = read;
  if (argument === undefined) return checked;
  // What is wrong with the whole of an argument is told under its name.
  const named = (issue: Issue): Issue => (issue.path === '' ? { ...issue, path: argument } : issue);
  return { ...checked, issues: checked.issues.map(named) };
}

function checkWhole(
  parts: OpsParts,
  read: ReadDefinition,
  folder: string,
  isRegistered: (pack: WorkflowPackage) => boolean,
): Checked {
  // What could not be read has no shape to speak of: then only the reader's problems are told.
  if (read.raw === null && hasErrors(read.issues)) {
    return { pack: null, prepared: null, issues: read.issues };
  }
  const { locate } = read;
  const found = validateWorkflow(read.raw, depsOf(parts), { locate, isRegistered });
  const { pack, plan } = found;
  const triggers = pack === null ? [] : triggerIssues(parts, pack);
  const more = [...found.issues, ...triggers.map((issue) => located(issue, locate))];
  const issues = hasErrors(read.issues) ? read.issues : [...read.issues, ...more];
  if (pack === null || plan === null || hasErrors(issues)) {
    return { pack, prepared: null, issues };
  }
  const hash = definitionHashOf(parts, {
    definition: pack.definition,
    output_schema: pack.outputSchema,
  });
  const prepared = { pack, hash, plan, warnings: issues, template: null, folder };
  return { pack, prepared, issues };
}

function prepareTemplate(parts: OpsParts, name: string, version: number | null): Prepared {
  const row = findTemplate(parts.store, name, version);
  refuseArchived(row);
  return {
    pack: row.pack,
    hash: row.definitionHash,
    plan: parts.plans.plan(row),
    warnings: [],
    template: { name: row.name, version: row.version },
    folder: row.workingDir ?? parts.config.workDir,
  };
}

const depsOf = (parts: OpsParts): ValidateDeps => ({
  compiler: parts.compiler,
  actions: parts.actions,
  checkParams: parts.checkParams,
  splitText: parts.splitText,
  quoteHoles: parts.quoteHoles,
  shellReader: parts.shellReader,
  isUnlistedPlugin: parts.isUnlistedPlugin,
  sha256: parts.random.sha256,
  knownSecrets: parts.knownSecrets(),
  knownGroups: Object.keys(parts.config.groupLimits),
  limits: parts.config.limits,
});

/** Reads a definition or a file's text in its format. */
export function readGiven(parts: OpsParts, given: Given): ReadDefinition {
  const { source, definition } = given;
  const { limits } = parts.config;
  if (source === undefined) {
    return { ...readDefinitionValue(definition ?? null, limits), argument: 'definition' };
  }
  const byName = source.file === undefined ? null : formatOfFile(source.file);
  return readDefinition(source.text, { format: source.format ?? byName ?? 'json' }, limits);
}

/** A file's folder, else the caller's, else the common one. */
export function folderOf(
  parts: OpsParts,
  ctx: CallContext,
  source: SourceInput | undefined,
): string {
  if (source?.file !== undefined && isAbsolute(source.file)) return dirname(source.file);
  const folder = ctx.exec?.cwd ?? parts.config.workDir;
  return source?.file === undefined ? folder : dirname(resolve(folder, source.file));
}

const versionless = (): AppError =>
  new AppError('VALIDATION_ERROR', 'version: only a template has versions', {
    hint: 'give it together with template_name',
  });

const KINDS = ['template_name', 'definition', 'source'] as const;

/** @throws VALIDATION_ERROR unless exactly one of the three is given */
export function onlyOne(given: Given): void {
  const present = KINDS.filter((key) => given[key] !== undefined);
  if (present.length === 1) return;
  const what = present.length === 0 ? 'none is given' : `${present.join(' and ')} are given`;
  throw new AppError('VALIDATION_ERROR', `give one of ${KINDS.join(', ')}: ${what}`);
}

/** @throws CONFLICT for a template that starts no runs any more */
export function refuseArchived({ name, archived }: TemplateRow): void {
  if (!archived) return;
  throw new AppError('CONFLICT', `template "${name}" is archived`, {
    hint: 'define it again, or set archived to false',
  });
}
