/**
 * `define`: checks a workflow and registers it under a name. An identical one answers with the version
 * that is there; an existing one can be changed by `edits`, archived and brought back.
 */
import { resolve } from 'node:path';
import type * as v from 'valibot';
import { handOnQueues } from '../core/concurrency.ts';
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import { templateGroup } from '../model/place.ts';
import { FIRST_RULES } from '../model/rules.ts';
import { firstRulesWarnings } from '../validate/first-rules.ts';
import { warningAt } from '../validate/issues.ts';
import { contentOf, isSamePackage, prettyOf, withOverrides } from './define-content.ts';
import { accepted, checkRead, folderOf, type Prepared } from './definitions.ts';
import { type CallContext, EVERYWHERE, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { planLines } from './plan-lines.ts';
import { defineInput, defineOutput } from './schemas.ts';
import { storedOf } from './start.ts';
import { findTemplate } from './template.ts';
import {
  checkedName,
  checkedTemplateName,
  refuseOthersName,
  templateNameOf,
} from './template-name.ts';
import { diffLines } from './text-diff.ts';
import { triggerView } from './trigger-view.ts';
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
  const file = fileOf(parts, ctx, input);
  const read = withOverrides(contentOf(parts, input), input);
  const folder = folderOf(parts, ctx, input.source);
  const isRegistered = (pack: WorkflowPackage): boolean => {
    const known = templateNameOf(input.name, pack, file);
    const row = known === null ? null : store.template(known.name, null);
    return input.rules === undefined && row !== null && isSamePackage(row, pack);
  };
  const prepared = accepted(checkRead(parts, read, folder, isRegistered));
  const named = checkedTemplateName(templateNameOf(input.name, prepared.pack, file));
  const { name } = named;
  const before = store.template(name, null);
  mayChange(parts, ctx, name);
  refuseOthersName(named, before, file);
  const isSame = before !== null && isSamePackage(before, prepared.pack);
  // The same text keeps the form in which it was stored, and with it its version.
  const pack = isSame ? before.pack : { ...prepared.pack, name: prepared.pack.name ?? name };
  const hash = isSame ? before.definitionHash : prepared.hash;
  const owner = triggerOwner(ctx, input, name, pack);
  checkTriggers(parts, ctx, owner);
  const result = {
    name,
    previous_version: before?.version ?? null,
    warnings: [
      ...prepared.warnings,
      ...(isSame && before.rules === FIRST_RULES && input.rules === undefined
        ? firstRulesWarnings(pack.definition, name)
        : []),
    ],
    plan: planLines(prepared.plan),
    diff: before === null ? [] : diffLines(prettyOf(before.pack), prettyOf(pack)),
  };
  if (input.validate_only) {
    const version = before?.version ?? null;
    return { ...result, version, created: false, archived: before?.archived ?? false };
  }
  const { version, created } = register(parts, ctx, input, name, { ...prepared, pack, hash });
  applyTriggers(parts, owner);
  if (created) handOnTemplate(parts, name);
  if (input.archived === true) setArchived(parts, name, true);
  const triggers = triggerView(store, name);
  return {
    ...result,
    version,
    created,
    archived: input.archived === true,
    ...(triggers === undefined ? {} : { triggers }),
  };
}

/** The file that a definition comes from, as an absolute path; null for a value. */
function fileOf(parts: OpsParts, ctx: CallContext, { source }: Input): string | null {
  return source?.file === undefined ? null : resolve(folderOf(parts, ctx, undefined), source.file);
}

/** A new version may allow more runs at once than the one before. */
function handOnTemplate(
  { engine, store, clock, config, wakeExecutors }: OpsParts,
  name: string,
): void {
  const group = templateGroup(name);
  if (engine !== null) engine.handOn(group);
  else {
    const source = { store, groups: config.groupLimits };
    if (handOnQueues(source, group, clock.now()).length > 0) wakeExecutors?.();
  }
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
    sourceFile: fileOf(parts, ctx, input),
    createdAt: clock.now(),
  });
}

/** The folder a template was defined from: the file's, else the caller's on this machine. */
function workingDirOf(parts: OpsParts, ctx: CallContext, { source }: Input): string | null {
  if (source?.file !== undefined) return folderOf(parts, ctx, source);
  return ctx.exec?.cwd ?? null;
}

/** What describes a new version, and says nothing where none is made. */
const UNUSED = ['description', 'input_schema', 'output_schema', 'triggers'] as const;

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
    warnings: UNUSED.filter((key) => input[key] !== undefined).map((key) =>
      warningAt(
        [key],
        'NO_EFFECT',
        'has no effect without a definition',
        'give the definition too',
      ),
    ),
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
