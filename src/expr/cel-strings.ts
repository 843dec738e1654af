/**
 * `replace` and `split` of CEL's strings extension, in time linear in the text; a limited `split`
 * keeps the rest in its last piece.
 */
import { type CelFunc, CelScalar, celMethod, listType } from '@bufbuild/cel';

const { INT, STRING } = CelScalar;
const TEXTS = listType(STRING);

/** Overloads that stand in for the library's own. */
export function celStringFunctions(): CelFunc[] {
  return [
    celMethod('replace', STRING, [STRING, STRING], STRING, function (old, fresh) {
      return replaceFirst(this, old, fresh, -1);
    }),
    celMethod('replace', STRING, [STRING, STRING, INT], STRING, function (old, fresh, count) {
      return replaceFirst(this, old, fresh, Number(count));
    }),
    celMethod('split', STRING, [STRING, INT], TEXTS, function (separator, count) {
      return splitAtMost(this, separator, Number(count));
    }),
  ];
}

/** Replaces the first `count` occurrences, all of them when it is negative. */
function replaceFirst(text: string, old: string, fresh: string, count: number): string {
  if (count < 0 && old !== '') return text.replaceAll(old, () => fresh);
  const pieces = splitAtMost(text, old, count < 0 ? -1 : count + 1);
  if (old !== '') return pieces.join(fresh);
  // An empty text stands before the first character, between two and after the last.
  const limit = count < 0 ? Number.POSITIVE_INFINITY : count;
  const chars = [...text];
  let result = '';
  for (const [i, char] of chars.entries()) result += (i < limit ? fresh : '') + char;
  return chars.length < limit ? result + fresh : result;
}

/** At most `count` pieces, the last with the rest of the text; all pieces when it is negative. */
function splitAtMost(text: string, separator: string, count: number): string[] {
  if (count === 0) return [];
  const all = separator === '' ? [...text] : text.split(separator);
  if (count < 0 || all.length <= count) return all;
  return [...all.slice(0, count - 1), all.slice(count - 1).join(separator)];
}
