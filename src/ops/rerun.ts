/**
 * `rerun`: a new run with the inputs of an earlier one, some of them replaced.
 *
 * The definition is the one that ran, unless another version or the file's present text is given.
 */
import type * as v from 'valibot';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { StartFacts } from '../model/input.ts';
import type { Issue } from '../model/issue.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import { FIRST_RULES } from '../model/rules.ts';
import type { RunRow } from '../model/store.ts';
import type { VersionRef } from '../model/version.ts';
import { unknownParams } from '../validate/input-warnings.ts';
import { type Prepared, prepare, refuseArchived } from './definitions.ts';
import { checkedInputs, mergeParams } from './inputs.ts';
import { refuseOthersDecisions } from './kept-decisions.ts';
import { type CallContext, NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { reusedFrom } from './reuse.ts';
import { resolveRun } from './run-ref.ts';
import { rerunInput, rerunOutput } from './schemas.ts';
import type { SourceInput } from './shapes.ts';
import {
  type Answering,
  answerFor,
  fileTrigger,
  identify,
  type Launch,
  nameOf,
  paramsOf,
  startRun,
} from './start.ts';
import { waitMsOf } from './waiting.ts';

export interface RerunRequest extends Launch, Answering {
  readonly workflow_id: string;
  readonly version?: VersionRef | undefined;
  readonly source?: SourceInput | undefined;
  /** A corrected definition, in place of the one that ran. */
  readonly definition?: Json | undefined;
  readonly from_step?: string | undefined;
  readonly failed?: boolean | undefined;
  readonly idempotency_key?: string | undefined;
}

export function createRerun(parts: OpsParts): Operation<typeof rerunInput, typeof rerunOutput> {
  return {
    name: 'rerun',
    summary: 'Start a new run with the inputs of an earlier one',
    input: rerunInput,
    output: rerunOutput,
    surfaces: NOT_MCP,
    access: 'act',
    handle: (ctx, input) => rerunOf(parts, ctx, input),
  };
}

/** @throws NOT_FOUND, VALIDATION_ERROR */
export async function rerunOf(
  parts: OpsParts,
  ctx: CallContext,
  request: RerunRequest,
): Promise<v.InferOutput<typeof rerunOutput>> {
  waitMsOf(request.wait);
  const runId = resolveRun(parts.store, request.workflow_id);
  const row = parts.reader.row(runId);
  const before = factsOf(parts, row);
  const prepared = preparedAgain(parts, ctx, row, before, request);
  const { reuse, kept, again, changed, context } = reusedFrom(parts, runId, prepared, request);
  const facts = factsAgain(
    ctx,
    { ...before, context: context ?? before.context },
    prepared,
    request,
  );
  if (isOther(before, facts, request) || prepared.hash !== row.definitionHash) {
    refuseOthersDecisions(ctx.caller, facts.agentId, parts.reader.read(runId).state, kept);
  }
  const identity = identify(parts, ctx, request.idempotency_key, {
    kind: 'rerun',
    given: askedOf(runId, prepared, request),
    earlier: { scope: facts.template ?? prepared.hash, given: facts.inputs },
  });
  const started = await startRun(parts, prepared, facts, identity, reuse);
  const result = await answerFor(parts, ctx, started, request);
  const given = paramsOf(request, prepared.pack.inputSchema);
  const warnings = [
    ...changed.map(changedWarning),
    ...unknownParams(prepared.pack, given, ['params']),
  ];
  return {
    ...result,
    ...(warnings.length === 0 ? {} : { warnings }),
    rerun_of: runId,
    kept: [...kept],
    again: [...(again ?? prepared.plan.top.steps.map((step) => step.id))],
    changed_definition: prepared.hash !== row.definitionHash,
  };
}

/** What a repeated key must ask for again. */
function askedOf(runId: RunId, prepared: Prepared, request: RerunRequest): JsonObject {
  const { version, from_step: from, failed, context, source, definition } = request;
  const isOther = source !== undefined || definition !== undefined;
  return {
    source_run: runId,
    definition: isOther ? prepared.hash : null,
    version: version ?? null,
    from: from ?? null,
    failed: failed ?? false,
    params: paramsOf(request, prepared.pack.inputSchema),
    context: context ?? null,
  };
}

/** True when it runs with something that the earlier run was not started with. */
const isOther = (before: StartFacts, facts: StartFacts, { context }: RerunRequest): boolean =>
  context !== undefined ||
  canonicalJson(before.inputs) !== canonicalJson(facts.inputs) ||
  JSON.stringify(before.secretRefs) !== JSON.stringify(facts.secretRefs);

const changedWarning = (path: string): Issue => ({
  path,
  code: 'CHANGED_STEP',
  message: `step "${path}" was kept as it ran; its definition is another one now`,
  severity: 'warning',
});

/** What the earlier run was started with. */
function factsOf({ store }: OpsParts, row: RunRow): StartFacts {
  const [first] = store.events(row.runId, 0, 1);
  if (first?.type !== 'workflow_started') {
    if (row.start !== null) {
      const { carried: _carried, concurrency: _queue, ...facts } = row.start;
      return facts;
    }
    throw new AppError('STORE_ERROR', `the log of run ${row.runId} does not begin with its start`);
  }
  const { payload } = first;
  return {
    inputs: payload.inputs,
    secretRefs: payload.secret_refs ?? [],
    context: payload.context,
    name: payload.name,
    template: payload.template,
    version: payload.version,
    agentId: payload.agent_id,
    parent: null,
    trigger: null,
    exec: payload.exec,
    rules: payload.rules ?? FIRST_RULES,
  };
}

function preparedAgain(
  parts: OpsParts,
  ctx: CallContext,
  row: RunRow,
  before: StartFacts,
  { version, source, definition }: RerunRequest,
): Prepared {
  if ([version, source, definition].filter((each) => each !== undefined).length > 1) {
    throw new AppError('VALIDATION_ERROR', 'give one of version, definition, source');
  }
  if (version !== undefined) {
    if (before.template === null) {
      throw new AppError('VALIDATION_ERROR', `version: run ${row.runId} is of no template`);
    }
    return prepare(parts, ctx, { template_name: before.template, version });
  }
  if (source !== undefined) return prepare(parts, ctx, { source });
  if (definition !== undefined) return prepare(parts, ctx, { definition });
  return sameDefinition(parts, row.runId, before);
}

/** The definition that ran; the input schema is known when it was a template's. */
function sameDefinition(parts: OpsParts, runId: RunId, before: StartFacts): Prepared {
  const hash = parts.reader.row(runId).definitionHash;
  const { definition, output_schema } = parts.plans.stored(hash);
  const { template, version } = before;
  const registered = template === null ? null : parts.store.template(template, version);
  if (registered !== null) refuseArchived(registered);
  const isSame = registered?.definitionHash === hash;
  return {
    pack: {
      name: before.name,
      description: null,
      category: null,
      inputSchema: isSame ? registered.pack.inputSchema : null,
      outputSchema: output_schema,
      triggers: null,
      definition,
    },
    hash,
    plan: parts.plans.plan({ definitionHash: hash, rules: before.rules }),
    warnings: [],
    template: template === null || version === null ? null : { name: template, version },
    folder: before.exec.cwd,
  };
}

function factsAgain(
  ctx: CallContext,
  before: StartFacts,
  prepared: Prepared,
  request: RerunRequest,
): StartFacts {
  const params = paramsOf(request, prepared.pack.inputSchema);
  return {
    ...before,
    parent: null,
    ...checkedInputs(prepared.pack, before, params),
    context: mergeParams(before.context, request.context),
    name: nameOf(prepared) ?? before.name,
    template: prepared.template?.name ?? null,
    version: prepared.template?.version ?? null,
    trigger: ctx.trigger ?? fileTrigger(ctx, request),
    agentId: request.agent_id ?? ctx.caller.agentId ?? before.agentId,
    exec: { cwd: before.exec.cwd, env: ctx.exec?.env ?? before.exec.env },
    rules: prepared.plan.rules.version,
  };
}
