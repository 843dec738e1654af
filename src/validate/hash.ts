/** The content hash of a definition: equal content gives equal hashes, whatever the order of keys. */
import type { Definition } from '../model/definition.ts';
import { asDefinitionHash, type DefinitionHash } from '../model/ids.ts';
import { canonicalJson, type Json } from '../model/json.ts';

/** SHA-256 of a definition's canonical JSON; `sha256` gives lower-case hex of a text. */
export function definitionHash(
  definition: Definition,
  sha256: (text: string) => string,
): DefinitionHash {
  return asDefinitionHash(sha256(canonicalJson(definition as unknown as Json)));
}
