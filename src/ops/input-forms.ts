/**
 * What fields of an operation's input have to do with each other, as keywords of JSON Schema beside the
 * schema of the fields. The operations check it themselves; published schemas say it beforehand.
 */
import * as v from 'valibot';

type Keywords = Readonly<Record<string, unknown>>;
type Said<T> = v.MetadataAction<T, Keywords>;

/** A field that is given, or a flag that is true. */
type Part = string | { readonly flag: string };

/** A boolean that says something only when it is true. */
export const flag = (name: string): Part => ({ flag: name });

function given(...parts: readonly Part[]): Keywords {
  const flags = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.flag]));
  const required = parts.map((part) => (typeof part === 'string' ? part : part.flag));
  if (flags.length === 0) return { required };
  return {
    required,
    properties: Object.fromEntries(flags.map((name) => [name, { const: true }])),
  };
}

/** Exactly one of the fields is given. */
export const exactlyOne = <T>(...fields: readonly Part[]): Said<T> =>
  v.metadata({ oneOf: fields.map((field) => given(field)) });

/** At least one of the fields is given. */
export const atLeastOne = <T>(...fields: readonly Part[]): Said<T> =>
  v.metadata({ anyOf: fields.map((field) => given(field)) });

/** The two fields of each pair are never given together. */
export const neverBoth = <T>(...pairs: readonly (readonly [Part, Part])[]): Said<T> =>
  v.metadata({ allOf: pairs.map((pair) => ({ not: given(...pair) })) });

/** A field that says something only beside others. */
export const onlyWith = <T>(needs: Readonly<Record<string, readonly string[]>>): Said<T> =>
  v.metadata({ dependentRequired: needs });

/** For each value of a field, what the other fields may be. */
export const byValue = <T>(field: string, cases: Readonly<Record<string, Keywords>>): Said<T> =>
  v.metadata({
    anyOf: Object.entries(cases).map(([value, properties]) => ({
      properties: { [field]: { const: value }, ...properties },
    })),
  });
