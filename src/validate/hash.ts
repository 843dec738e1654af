/** The content hash of a definition: equal content gives equal hashes, whatever the order of keys. */
import type { Definition } from '../model/definition.ts';
import { asDefinitionHash, type DefinitionHash } from '../model/ids.ts';
import { canonicalJson, type Json } from '../model/json.ts';

/**
 * SHA-256 of the canonical JSON of a definition and the schema its output must fit (null: none);
 * `sha256` gives lower-case hex of a text.
 */
export function definitionHash(
  definition: Definition,
  outputSchema: Json | null,
  sha256: (text: string) => string,
): DefinitionHash {
  const content = { definition: definition as unknown as Json, output_schema: outputSchema };
  return asDefinitionHash(sha256(canonicalJson(content)));
}
