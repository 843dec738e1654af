/**
 * The limits of a definition, each with its name and default.
 */

export interface DefinitionLimits {
  /** Longest definition as text, in UTF-8 bytes; YAML aliases count as often as they are used. */
  readonly maxBytes: number;
  /** Most steps, nested ones and hooks included. */
  readonly maxSteps: number;
  /** Most composites around one step. */
  readonly maxNesting: number;
  /** Deepest nesting of the JSON itself. */
  readonly maxDepth: number;
  /** Most aliases of a YAML text, merge keys included; one in an anchor counts as often as it is used. */
  readonly maxAliases: number;
}

export const DEFAULT_DEFINITION_LIMITS: DefinitionLimits = {
  maxBytes: 1024 * 1024,
  maxSteps: 10_000,
  maxNesting: 32,
  maxDepth: 400,
  maxAliases: 100,
};
