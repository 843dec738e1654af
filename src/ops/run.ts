/**
 * `run`: starts a template, a definition or a file's text, and waits until it ends, suspends or asks.
 * With `dry_run` everything is checked and resolved, and nothing is run.
 */

import type * as v from 'valibot';
import { AppError } from '../model/error.ts';
import type { Issue } from '../model/issue.ts';
import type { JsonObject } from '../model/json.ts';
import { unknownParams } from '../validate/input-warnings.ts';
import { warningAt } from '../validate/issues.ts';
import { type Prepared, prepare } from './definitions.ts';
import { modelOf, titleOf } from './diagram-model.ts';
import { asciiOf } from './draw.ts';
import { type CallContext, EVERYWHERE, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { planLines } from './plan-lines.ts';
import { rerunOf } from './rerun.ts';
import { shownName } from './run-name.ts';
import { type RunOutput, runInput, runOutput } from './schemas.ts';
import { withSecretNames } from './secret-places.ts';
import { answerFor, identify, paramsOf, startFactsOf, startRun } from './start.ts';
import { waitMsOf } from './waiting.ts';

type Input = v.InferOutput<typeof runInput>;

export function createRun(parts: OpsParts): Operation<typeof runInput, typeof runOutput> {
  return {
    name: 'run',
    summary: 'Run a template or a definition and wait for its result',
    input: runInput,
    output: runOutput,
    surfaces: EVERYWHERE,
    access: 'act',
    async handle(ctx, input) {
      waitMsOf(input.wait);
      if (input.rerun_of !== undefined) return again(parts, ctx, input, input.rerun_of);
      const prepared = prepare(parts, ctx, input);
      const given = paramsOf(input, prepared.pack.inputSchema);
      const identity = identify(parts, ctx, input.idempotency_key, {
        kind: 'run',
        given: askedOf(prepared, input, given),
        earlier: { scope: prepared.template?.name ?? prepared.hash, given },
      });
      const facts = await startFactsOf(parts, ctx, prepared, input, identity.runId);
      const warnings = [...prepared.warnings, ...startWarnings(prepared, given)];
      if (input.dry_run) return dryRunOf(parts, { ...prepared, warnings }, facts);
      const started = await startRun(parts, prepared, facts, identity);
      const result = await answerFor(parts, ctx, started, input);
      return warnings.length === 0 ? result : { ...result, warnings };
    },
  };
}

/** What a repeated key must ask for again: the template as it was named, or the definition. */
const askedOf = (
  { template, hash }: Prepared,
  { version, context }: Input,
  params: JsonObject,
): JsonObject => ({
  template: template?.name ?? null,
  definition: template === null ? hash : null,
  version: version ?? null,
  params,
  context: context ?? null,
});

function again(
  parts: OpsParts,
  ctx: CallContext,
  input: Input,
  workflow_id: string,
): Promise<RunOutput> {
  if (input.template_name !== undefined || input.dry_run) {
    throw new AppError('VALIDATION_ERROR', 'rerun_of: takes no template_name or dry_run', {
      hint: 'with a corrected definition: `definition`, or `version` of its template',
    });
  }
  return rerunOf(parts, ctx, { ...input, workflow_id });
}

/** What is given to a start and has no effect on it. */
function startWarnings({ pack, template }: Prepared, params: JsonObject): Issue[] {
  const unknown = unknownParams(pack, params, ['params']);
  if (template !== null || pack.triggers === null) return unknown;
  const hint = '`opcode define` registers the template that they start';
  const message = 'triggers belong to a template: a run of a file or of a definition has none';
  return [...unknown, warningAt(['triggers'], 'NO_EFFECT', message, hint)];
}

type Facts = Awaited<ReturnType<typeof startFactsOf>>;

async function dryRunOf(parts: OpsParts, prepared: Prepared, facts: Facts): Promise<RunOutput> {
  const model = modelOf(prepared, titleOf(prepared, shownName(facts)));
  return {
    dry_run: true,
    name: shownName(facts),
    template: facts.template,
    version: facts.version,
    inputs: withSecretNames(facts.inputs, facts.secretRefs) as JsonObject,
    plan: planLines(prepared.plan),
    warnings: [...prepared.warnings],
    diagram: await asciiOf(parts.compute, model, { color: false, unicode: true }),
  };
}
