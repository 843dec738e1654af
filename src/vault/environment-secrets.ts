/**
 * Secrets that the process was started with: `OPCODE_SECRET_<NAME>`.
 *
 * A name is looked for in upper case with `_` for what a variable's name cannot hold, so
 * `secrets.api-key` and `secrets.api_key` are both `OPCODE_SECRET_API_KEY`. Values stay in memory.
 */
import { failure } from '../model/error.ts';
import type { SecretNames, SecretSource } from '../model/ports.ts';

/** A source over the variables' values by the rest of their names. */
export function createEnvironmentSecrets(
  values: ReadonlyMap<string, string>,
): SecretSource & SecretNames {
  return {
    resolve(name) {
      const variable = variableOf(name);
      const value = values.get(variable);
      if (value !== undefined) return { ok: true, value };
      const message = `there is no secret "${name}": this process has no OPCODE_SECRET_${variable}`;
      return { ok: false, error: failure('VAULT_ERROR', message) };
    },
    names: () => [...values.keys()].sort().map((name) => ({ name, source: 'environment' })),
  };
}

const variableOf = (name: string): string => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
