/**
 * Labels of templates and runs: what `labels` of the workflow says, found again by `filter.label`.
 *
 * A run has those of the definition that it runs, so an earlier run keeps the labels of its version.
 */
import type { Definition } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import type { DefinitionHash } from '../model/ids.ts';
import { type JsonObject, ownValue } from '../model/json.ts';
import type { OpsParts } from './parts.ts';

interface Wanted {
  readonly key: string;
  /** Null: the label is there, whatever it says. */
  readonly value: string | null;
}

/** The labels of a definition as a part of an answer: nothing when it has none. */
export const labelsOf = ({ labels }: Definition): { labels?: JsonObject } =>
  labels === undefined || Object.keys(labels).length === 0 ? {} : { labels };

/** Reads `team=ops` (that value), `team` (any), or a list of both. @throws VALIDATION_ERROR */
export function labelFilter(
  given: string | readonly string[] | undefined,
): ((definition: Definition) => boolean) | null {
  if (given === undefined) return null;
  const texts = typeof given === 'string' ? given.split(',') : given;
  const wanted = texts.map(wantedOf);
  return ({ labels = {} }) =>
    wanted.every(({ key, value }) => {
      const label = ownValue(labels, key);
      if (label === undefined) return false;
      return (
        value === null || (typeof label === 'string' ? label : JSON.stringify(label)) === value
      );
    });
}

function wantedOf(text: string): Wanted {
  const [, key = '', value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(text.trim()) ?? [];
  if (key.trim() !== '') return { key: key.trim(), value: value?.trim() ?? null };
  throw new AppError('VALIDATION_ERROR', `filter.label: "${text}" names no label`, {
    hint: 'write team=ops, or team for any value',
  });
}

/** Definitions by hash, each read once for one answer. */
export function definitionReader({
  plans,
}: Pick<OpsParts, 'plans'>): (hash: DefinitionHash) => Definition {
  const read = new Map<DefinitionHash, Definition>();
  return (hash) => {
    const known = read.get(hash);
    if (known !== undefined) return known;
    const { definition } = plans.stored(hash);
    read.set(hash, definition);
    return definition;
  };
}
