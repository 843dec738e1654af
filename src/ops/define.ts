/**
 * `define`: checks a workflow and registers it under a name. An identical one answers with the version
 * that is there; an existing one can be changed by `edits`, archived and brought back.
 */
import type * as v from 'valibot';
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { NEWEST_RULES } from '../model/rules.ts';
import type { TemplateRow } from '../model/store.ts';
import { isPackage } from '../validate/package.ts';
import { type ReadDefinition, readDefinitionValue } from '../validate/read-definition.ts';
import { accepted, checkRead, folderOf, type Prepared, readGiven } from './definitions.ts';
import { applyEdits } from './edits.ts';
import { type CallContext, EVERYWHERE, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { planLines } from './plan-lines.ts';
import { defineInput, defineOutput } from './schemas.ts';
import { storedOf } from './start.ts';
import { findTemplate } from './template.ts';
import { diffLines } from './text-diff.ts';
import { applyTriggers, archiveTriggers, checkTriggers, type TriggerOwner } from './triggers.ts';

type Input = v.InferOutput<typeof defineInput>;
type Output = v.InferOutput<typeof defineOutput>;

export function createDefine(parts: OpsParts): Operation<typeof defineInput, typeof defineOutput> {
  return {
    name: 'define',
    summary: 'Check a workflow and register it as a template',
    input: defineInput,
    output: defineOutput,
    surfaces: EVERYWHERE,
    access: 'act',
    async handle(ctx, input) {
      const isOnlyArchiving =
        input.archived !== undefined &&
        input.definition === undefined &&
        input.source === undefined &&
        input.edits === undefined &&
        input.rules === undefined;
      return isOnlyArchiving ? archive(parts, ctx, input) : define(parts, ctx, input);
    },
  };
}

function define(parts: OpsParts, ctx: CallContext, input: Input): Output {
  const { store } = parts;
  const read = withOverrides(contentOf(parts, input), input);
  const prepared = accepted(checkRead(parts, read, folderOf(parts, ctx, input.source)));
  const name = checkedName(input.name ?? prepared.pack.name);
  const before = store.template(name, null);
  mayChange(parts, ctx, name);
  const pack = { ...prepared.pack, name: prepared.pack.name ?? name };
  const owner = triggerOwner(ctx, input, name, pack);
  checkTriggers(parts, ctx, owner);
  const result = {
    name,
    previous_version: before?.version ?? null,
    warnings: [...prepared.warnings],
    plan: planLines(prepared.plan),
    diff: before === null ? [] : diffLines(prettyOf(before.pack), prettyOf(pack)),
  };
  if (input.validate_only) {
    const version = before?.version ?? null;
    return { ...result, version, created: false, archived: before?.archived ?? false };
  }
  const { version, created } = register(parts, ctx, input, name, { ...prepared, pack });
  applyTriggers(parts, owner);
  if (input.archived === true) setArchived(parts, name, true);
  return { ...result, version, created, archived: input.archived === true };
}

function register(
  parts: OpsParts,
  ctx: CallContext,
  input: Input,
  name: string,
  prepared: Prepared,
): { readonly version: number; readonly created: boolean } {
  const { store, clock } = parts;
  store.putDefinition(prepared.hash, storedOf(prepared));
  return store.define({
    name,
    definitionHash: prepared.hash,
    rules: prepared.plan.rules.version,
    renewRules: input.rules !== undefined,
    pack: prepared.pack,
    agentId: input.agent_id ?? ctx.caller.agentId,
    workingDir: workingDirOf(parts, ctx, input),
    createdAt: clock.now(),
  });
}

/** The folder a template was defined from: the file's, else the caller's on this machine. */
function workingDirOf(parts: OpsParts, ctx: CallContext, { source }: Input): string | null {
  if (source?.file !== undefined) return folderOf(parts, ctx, source);
  return ctx.exec?.cwd ?? null;
}

function archive(parts: OpsParts, ctx: CallContext, input: Input): Output {
  const name = checkedName(input.name ?? null);
  const row = findTemplate(parts.store, name, null);
  mayChange(parts, ctx, name);
  const archived = input.archived === true;
  if (!input.validate_only) setArchived(parts, name, archived);
  return {
    name,
    version: row.version,
    created: false,
    archived,
    previous_version: row.version,
    warnings: [],
    plan: planLines(parts.plans.plan(row)),
    diff: [],
  };
}

function setArchived(parts: OpsParts, name: string, archived: boolean): void {
  parts.store.setArchived(name, archived);
  archiveTriggers(parts, name, archived);
}

const triggerOwner = (
  { caller }: CallContext,
  input: Input,
  template: string,
  pack: WorkflowPackage,
): TriggerOwner => ({
  template,
  pack,
  agentId: input.agent_id ?? (caller.sender === 'agent' ? caller.agentId : null),
  createdBy: input.agent_id ?? caller.agentId ?? caller.name ?? null,
});

/** What is to be registered: given, or an existing template with edits applied. */
function contentOf(parts: OpsParts, input: Input): ReadDefinition {
  if (isRenewal(input)) {
    const { pack } = findTemplate(parts.store, checkedName(input.name ?? null), null);
    return readDefinitionValue(packageOf(pack));
  }
  if (input.edits === undefined) {
    if (input.base !== undefined) throw new AppError('VALIDATION_ERROR', 'base: only with edits');
    if ((input.definition === undefined) === (input.source === undefined)) {
      throw new AppError('VALIDATION_ERROR', 'give one of definition, source or edits');
    }
    return readGiven(parts, input);
  }
  if (input.definition !== undefined || input.source !== undefined) {
    throw new AppError('VALIDATION_ERROR', 'edits: not together with a definition');
  }
  const name = checkedName(input.name ?? null);
  const newest = findTemplate(parts.store, name, null);
  if (input.base !== undefined && input.base !== newest.version) {
    throw new AppError('CONFLICT', `the newest version of "${name}" is ${newest.version}`, {
      hint: `look at what changed since ${input.base}, then edit ${newest.version}`,
      details: { version: newest.version },
    });
  }
  return readDefinitionValue(editedOf(newest, input.edits));
}

/** True when the text that is there gets newer rules. @throws VALIDATION_ERROR for other rules */
function isRenewal({ rules, definition, source, edits }: Input): boolean {
  if (rules === undefined) return false;
  if (rules !== NEWEST_RULES) {
    throw new AppError('VALIDATION_ERROR', `rules: new versions get rules ${NEWEST_RULES}`, {
      hint: `give ${NEWEST_RULES}, or leave it out: versions that exist keep the rules they have`,
    });
  }
  return definition === undefined && source === undefined && edits === undefined;
}

/** Paths are of the definition; `input_schema` and its like are arguments of their own. */
function editedOf(row: TemplateRow, edits: NonNullable<Input['edits']>): Json {
  const definition = applyEdits(row.pack.definition as unknown as Json, edits);
  return { ...packageOf(row.pack), definition };
}

/** A package as it is written, without what is not there. */
function packageOf(pack: WorkflowPackage): JsonObject {
  const fields: readonly [string, Json | null][] = [
    ['name', pack.name],
    ['description', pack.description],
    ['category', pack.category],
    ['input_schema', pack.inputSchema],
    ['output_schema', pack.outputSchema],
    ['triggers', pack.triggers],
    ['definition', pack.definition as unknown as Json],
  ];
  return Object.fromEntries(fields.filter(([, value]) => value !== null));
}

const OVERRIDES = ['description', 'input_schema', 'output_schema', 'triggers'] as const;

/** Arguments that replace parts of the package; what is read then has no places in a file any more. */
function withOverrides(read: ReadDefinition, input: Input): ReadDefinition {
  const given = OVERRIDES.filter((key) => input[key] !== undefined);
  if (given.length === 0 || !isJsonObject(read.raw)) return read;
  const pack: Record<string, Json> = {};
  const entries = isPackage(read.raw)
    ? Object.entries(read.raw)
    : [['definition', read.raw] as const];
  for (const [key, value] of entries) setOwn(pack, key, value);
  for (const key of given) setOwn(pack, key, input[key] ?? null);
  const issues = [...read.issues];
  const again = readDefinitionValue(pack);
  return { ...again, issues: [...issues, ...again.issues] };
}

const MAX_NAME = 128;

/** A name that cannot be mistaken for a file, an option or `@last`. @throws VALIDATION_ERROR */
function checkedName(name: string | null): string {
  if (name === null) {
    throw new AppError('VALIDATION_ERROR', 'name: the template needs a name', {
      hint: 'give `name`, or put one into the package',
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

/** Only whoever registered a template first, operators and admins add versions to it. */
function mayChange({ store }: OpsParts, { caller }: CallContext, name: string): void {
  const first = store.template(name, 1);
  if (first === null || caller.role !== 'agent') {
    if (caller.role === 'viewer' || caller.role === 'approver') {
      throw new AppError('PERMISSION_DENIED', `a ${caller.role} may not define templates`);
    }
    return;
  }
  if (first.agentId !== null && first.agentId === (caller.boundTo ?? caller.agentId)) return;
  throw new AppError(
    'PERMISSION_DENIED',
    `template "${name}" belongs to ${first.agentId ?? 'no agent'}`,
    {
      hint: 'use another name, or ask an operator',
    },
  );
}

/** A package as readable JSON that is equal for equal content: keys sorted, one value a line. */
function prettyOf(pack: WorkflowPackage): string {
  return JSON.stringify(sorted(packageOf(pack)), null, 2);
}

function sorted(value: Json): Json {
  if (isJsonArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) setOwn(copy, key, sorted(value[key] ?? null));
  return copy;
}
