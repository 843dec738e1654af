/**
 * Reads a workflow from a text or a tool argument, with the places of its parts. What is read is not
 * yet known to be well formed: `validate-workflow.ts` says that.
 */
import type { Issue } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import { errorAt } from './issues.ts';
import { DEFAULT_DEFINITION_LIMITS, type DefinitionLimits } from './limits.ts';
import { createLocate, type Locate, located } from './positions.ts';
import { type ReadText, readJson, tooDeep } from './read-json.ts';
import { readYaml } from './read-yaml.ts';

export type DefinitionFormat = 'json' | 'jsonc' | 'yaml';

export interface ReadDefinition {
  /** The value that was read; null when none could be, and then an issue says why. */
  readonly raw: Json;
  readonly issues: readonly Issue[];
  readonly locate: Locate;
  /** The argument that it came as, when it has no file: where an issue of the whole stands. */
  readonly argument?: string;
}

const FORMATS: Readonly<Record<string, DefinitionFormat>> = {
  json: 'json',
  jsonc: 'jsonc',
  yaml: 'yaml',
  yml: 'yaml',
};

/** The format a file name's extension names (`json`, `jsonc`, `yaml`, `yml`), or null. */
export function formatOfFile(fileName: string): DefinitionFormat | null {
  const extension = /\.([A-Za-z]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(FORMATS, extension) ? (FORMATS[extension] ?? null) : null;
}

/** Reads a text in a format; every problem of the text itself is an issue with line and column. */
export function readDefinition(
  text: string,
  options: { readonly format: DefinitionFormat },
  limits: DefinitionLimits = DEFAULT_DEFINITION_LIMITS,
): ReadDefinition {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxBytes) return refused([tooLarge(bytes, limits)]);
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const read = readText(source, options.format, limits);
  const locate = createLocate(source, read.position);
  const issues = read.issues.map((issue) => located(issue, locate));
  const { value } = read;
  if (value === undefined) return { ...refused(issues), locate };
  return { raw: value, issues, locate };
}

function readText(text: string, format: DefinitionFormat, limits: DefinitionLimits): ReadText {
  if (format === 'yaml') return readYaml(text, limits);
  return readJson(text, limits, { comments: format === 'jsonc' });
}

/** Reads a tool argument: JSON, or JSON as a text. */
export function readDefinitionValue(
  value: Json,
  limits: DefinitionLimits = DEFAULT_DEFINITION_LIMITS,
): ReadDefinition {
  if (typeof value === 'string') return readDefinition(value, { format: 'json' }, limits);
  if (isDeeperThan(value, limits.maxDepth)) return refused([tooDeep([], limits)]);
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > limits.maxBytes) return refused([tooLarge(bytes, limits)]);
  return { raw: value, issues: [], locate: () => null };
}

/** Goes no deeper than `max`. */
function isDeeperThan(value: Json, max: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (max === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item as Json, max - 1));
}

const tooLarge = (bytes: number, limits: DefinitionLimits): Issue =>
  errorAt([], `the definition has ${bytes} bytes, more than the ${limits.maxBytes} allowed`, {
    code: 'LIMIT_EXCEEDED',
    hint: 'split it into templates that call each other with workflow.run',
  });

const refused = (issues: readonly Issue[]): ReadDefinition => ({
  raw: null,
  issues,
  locate: () => null,
});
