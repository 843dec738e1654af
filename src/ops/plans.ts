/**
 * Stored definitions by content hash and their plans by hash and rules, in a bounded cache.
 */
import type { Definition } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import { asDefinitionHash, type DefinitionHash } from '../model/ids.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import { rulesOf } from '../model/rules.ts';
import type { OpsDeps } from './deps.ts';

/** A definition as it is stored under its hash: with the schema its output must fit. */
export interface StoredDefinition {
  readonly definition: Definition;
  readonly output_schema: Json | null;
}

/** A definition and the rules it is executed under, as rows hold them. */
interface PlanKey {
  readonly definitionHash: DefinitionHash;
  readonly rules: number;
}

export interface Plans {
  /** @throws STORE_ERROR when the definition is not in the database */
  stored(hash: DefinitionHash): StoredDefinition;
  /** The plan of a definition under a version of the engine's rules. @throws STORE_ERROR */
  plan(of: PlanKey): Plan;
}

const MAX_PLANS = 128;

/** A cache of plans over the store's definitions. */
export function createPlans(deps: Pick<OpsDeps, 'store' | 'compile'>): Plans {
  const plans = new Map<string, Plan>();
  const stored = (hash: DefinitionHash): StoredDefinition => {
    const value = deps.store.definition(hash);
    if (value === null) {
      throw new AppError('STORE_ERROR', `definition ${hash.slice(0, 12)} is not in the database`);
    }
    return value as unknown as StoredDefinition;
  };
  return {
    stored,
    plan({ definitionHash: hash, rules }) {
      const key = `${rules} ${hash}`;
      const known = plans.get(key);
      if (known !== undefined) return known;
      const { definition, output_schema } = stored(hash);
      const plan = deps.compile(definition, hash, output_schema ?? null, rulesOf(rules));
      const [oldest] = plans.keys();
      if (plans.size >= MAX_PLANS && oldest !== undefined) plans.delete(oldest);
      plans.set(key, plan);
      return plan;
    },
  };
}

/** The hash a definition is stored under; equal content gives equal hashes, whatever the key order. */
export function definitionHashOf(
  deps: Pick<OpsDeps, 'random'>,
  { definition, output_schema }: StoredDefinition,
): DefinitionHash {
  const content = { definition: definition as unknown as Json, output_schema };
  return asDefinitionHash(deps.random.sha256(canonicalJson(content)));
}
