/** What names mean in the product: roots of the scope are variables, else there are types. */
import type { CelMessageTypes } from './messages.ts';
import type { CelNames, ResolvedName } from './runtime.ts';
import { type CelType, makeType } from './values.ts';

const TYPES: ReadonlyMap<string, CelType> = new Map(
  [
    'int uint double bool string bytes list map null_type type',
    'google.protobuf.Timestamp google.protobuf.Duration',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name, makeType(name)]),
);

/** Names with which a type may begin. */
export const TYPE_ROOTS: ReadonlySet<string> = new Set(
  [...TYPES.keys()].map((name) => name.split('.')[0] as string),
);

/**
 * Names over some variables, which may hold dots: the longest that fits is meant, within the
 * container first.
 */
export function createNames(
  variables: ReadonlySet<string>,
  messages: CelMessageTypes,
  container = '',
): CelNames {
  const spaces = spacesOf(container);
  const find = (name: string, used: number): ResolvedName | null => {
    if (variables.has(name)) return { kind: 'variable', name, used };
    const type = TYPES.get(name) ?? null;
    if (type !== null) return { kind: 'value', value: type, used };
    const value = messages.named(name);
    return value === undefined ? null : { kind: 'value', value, used };
  };
  return {
    resolve(segments, absolute) {
      for (let used = segments.length; used > 0; used -= 1) {
        const name = segments.slice(0, used).join('.');
        for (const space of absolute ? [''] : spaces) {
          const found = find(space + name, used);
          if (found !== null) return found;
        }
      }
      return null;
    },
    message(type, fields) {
      const name = type.replace(/^\./, '');
      const space = type.startsWith('.') ? [''] : spaces;
      const full = space.map((prefix) => prefix + name).find((each) => messages.has(each));
      return messages.create(full ?? name, fields);
    },
  };
}

/** Prefixes to try, the innermost first: `a.b.`, `a.`, none. */
function spacesOf(container: string): readonly string[] {
  const parts = container === '' ? [] : container.split('.');
  return [...parts.map((_, i) => `${parts.slice(0, parts.length - i).join('.')}.`), ''];
}
