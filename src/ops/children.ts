/**
 * Sub-workflows: which definition and inputs a `workflow.run` step starts.
 *
 * Asked inside a decision, so it is synchronous and never throws: what is wrong is the step's failure.
 */
import { type GroupLimits, placeFor } from '../core/concurrency.ts';
import { AppError, failure, messageOf, type StepFailure } from '../model/error.ts';
import type { SecretRef } from '../model/expression.ts';
import { asRunId, type DefinitionHash } from '../model/ids.ts';
import { isJsonObject, type JsonObject, ownValue } from '../model/json.ts';
import type { AskedPlace } from '../model/place.ts';
import { toRfc3339 } from '../model/time.ts';
import { readVersion, versionNumber } from '../model/version.ts';
import type { OpsDeps } from './deps.ts';
import { checkedInputs, evaluateNow, type Inputs } from './inputs.ts';
import { LOCAL_OWNER } from './owner.ts';
import { createPlans } from './plans.ts';
import { findTemplate, packageName } from './template.ts';

interface ChildStart {
  readonly ok: true;
  readonly definitionHash: DefinitionHash;
  readonly template: string;
  readonly version: number;
  readonly rules: number;
  readonly inputs: JsonObject;
  readonly secretRefs: readonly SecretRef[];
  readonly context: JsonObject;
  readonly name: string | null;
  readonly place: AskedPlace | null;
}

const NOT_MADE = asRunId('');

type ResolvedChild = ChildStart | { readonly ok: false; readonly error: StepFailure };

export interface ChildStarter {
  /** What the params of a `workflow.run` step would start. */
  resolve(params: JsonObject): ResolvedChild;
}

type Deps = Pick<OpsDeps, 'store' | 'evaluator' | 'clock' | 'compile'>;

/** Finds children among the registered templates. */
export function createChildStarter(deps: Deps, groupLimits: GroupLimits): ChildStarter {
  const plans = createPlans(deps);
  const source = { store: deps.store, groups: groupLimits };
  const start = (params: JsonObject): ChildStart => {
    const name = String(ownValue(params, 'template_name') ?? '');
    const row = findTemplate(
      deps.store,
      name,
      versionNumber(readVersion(ownValue(params, 'version'))),
    );
    if (row.archived) throw new AppError('CONFLICT', `template "${name}" is archived`);
    const plan = plans.plan(row);
    const given = ownValue(params, 'params');
    const context = row.pack.definition.context ?? {};
    const workflow: JsonObject = {
      name: packageName(row.pack),
      template_name: row.name,
      template_version: row.version,
      now: toRfc3339(deps.clock.now()),
    };
    const own: Inputs = evaluateNow(deps, plan.inputs, { workflow, context });
    const { inputs, secretRefs } = checkedInputs(row.pack, own, isJsonObject(given) ? given : {});
    const facts = { inputs, context, name: row.name, template: row.name, version: row.version };
    const nowMs = deps.clock.now();
    const newcomer = { runId: NOT_MADE, plan, facts, owner: LOCAL_OWNER };
    const place = placeFor(source, deps.evaluator, nowMs, newcomer);
    return {
      ok: true,
      place,
      definitionHash: row.definitionHash,
      template: row.name,
      version: row.version,
      rules: row.rules,
      inputs,
      secretRefs,
      context,
      name: packageName(row.pack) ?? row.name,
    };
  };
  return {
    resolve(params) {
      try {
        return start(params);
      } catch (thrown) {
        return { ok: false, error: failureOf(thrown) };
      }
    },
  };
}

function failureOf(thrown: unknown): StepFailure {
  return thrown instanceof AppError
    ? failure(thrown.code, thrown.message, thrown.details)
    : failure('INTERNAL', messageOf(thrown));
}
