/**
 * The five fields of a cron pattern, read strictly: minute, hour, day of month, month, day of week.
 *
 * A field is a list of `*`, numbers, ranges `a-b` and steps (`*` or a range followed by `/n`; `a/n`
 * means from a on). Months and weekdays have names; 7 is Sunday too. Nothing else is understood.
 */

export type ReadPattern =
  | {
      readonly ok: true;
      readonly pattern: string;
      /** The day field with a `*` and a step beside another one that is given: elsewhere both must fit. */
      readonly eitherDay?: string;
    }
  | { readonly ok: false; readonly message: string; readonly hint: string };

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words: readonly string[];
  /** The number that the first word stands for. */
  readonly firstWord: number;
}

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const WEEKDAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');

const field = (
  name: string,
  least: number,
  most: number,
  words: readonly string[] = [],
): Field => ({
  name,
  least,
  most,
  words,
  firstWord: least,
});

const FIELDS: readonly Field[] = [
  field('minute', 0, 59),
  field('hour', 0, 23),
  field('day of month', 1, 31),
  field('month', 1, 12, MONTHS),
  field('day of week', 0, 7, WEEKDAYS),
];

const DAY = 2;
const WEEKDAY = 4;
const LAYOUT = 'minute hour day-of-month month day-of-week';

/** The pattern in numbers, or what is wrong with it. */
export function readPattern(text: string): ReadPattern {
  const words = text.trim().split(/\s+/);
  if (words.length !== FIELDS.length) return wrongCount(words.length);
  const parts: string[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const read = readField(field, words[index] ?? '');
    if (!read.ok) return read;
    parts.push(read.pattern);
  }
  const eitherDay = eitherDayOf(words, parts);
  return { ok: true, pattern: parts.join(' '), ...(eitherDay === null ? {} : { eitherDay }) };
}

/** Classic cron wants both day fields when one begins with `*`; here one of them is enough. */
function eitherDayOf(words: readonly string[], parts: readonly string[]): string | null {
  if (parts[DAY] === '*' || parts[WEEKDAY] === '*') return null;
  return [words[DAY], words[WEEKDAY]].find((word) => word?.startsWith('*')) ?? null;
}

const refused = (message: string, hint: string): ReadPattern => ({ ok: false, message, hint });

function wrongCount(count: number): ReadPattern {
  const hint =
    count === 6
      ? `there are no seconds: write ${LAYOUT}, or "@every 30s" for less than a minute`
      : `write ${LAYOUT}, such as "0 2 * * *", or @daily, @every 5m, or a time`;
  return refused(`it has ${count} field${count === 1 ? '' : 's'} and needs five`, hint);
}

function readField(field: Field, text: string): ReadPattern {
  const items: string[] = [];
  for (const item of text.split(',')) {
    const read = readItem(field, item);
    if (typeof read !== 'string') return read;
    items.push(read);
  }
  return { ok: true, pattern: items.includes('*') ? '*' : items.join(',') };
}

const SHAPE = /^(?:(\*)|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:\/([0-9]+))?$/;

function readItem(field: Field, item: string): string | ReadPattern {
  const { name, least, most } = field;
  const match = SHAPE.exec(item);
  if (match === null) {
    const hint = `a number, a range such as ${least}-${most}, a step such as */2, or a list of these`;
    return refused(`${name}: "${item}" is not understood`, hint);
  }
  const [, star, from, to, step] = match;
  const first = star === undefined ? numberOf(field, from ?? '') : least;
  const last = lastOf(field, { star, from, to, step });
  for (const [text, value] of [
    [from, first],
    [to ?? from, last],
  ] as const) {
    if (value === null) return unknownNumber(field, text ?? '');
  }
  if (first === null || last === null) return unknownNumber(field, item);
  if (first > last) return backwards(field, item, { first, last, from, to, step });
  const every = step === undefined ? 1 : Number(step);
  if (every < 1 || every > most - least + 1) {
    const hint = `1 to ${most - least + 1}`;
    return refused(`${name}: the step ${step} of "${item}" is out of range`, hint);
  }
  return written(field, {
    isStar: star !== undefined,
    first,
    last,
    every,
    hasStep: step !== undefined,
  });
}

/** A range that ends before it begins. */
function backwards(
  field: Field,
  item: string,
  { first, last, from, to, step }: Omit<Words, 'star'> & { first: number; last: number },
): ReadPattern {
  if (to === undefined) {
    // Only the second name of a day lies behind the end that a step goes on to.
    const hint = `write 0/${step} to begin with Sunday, or ${from} alone for it`;
    return refused(`${field.name}: "${item}" has nothing after ${from} to step to`, hint);
  }
  const around = `${first}-${topOf(field)},${field.least}-${last}`;
  const hint = `a range goes up: write ${last}-${first}, or ${around} for one over the end`;
  return refused(`${field.name}: "${item}" goes backwards`, hint);
}

type Words = Readonly<Record<'star' | 'from' | 'to' | 'step', string | undefined>>;

/** The last number of a field, with one Sunday. */
const topOf = (field: Field): number => (field.words === WEEKDAYS ? 6 : field.most);

/** `a/n` goes on to the end, as `a-<most>/n`. */
function lastOf(field: Field, { star, from, to, step }: Words): number | null {
  const most = topOf(field);
  if (star !== undefined) return most;
  if (to !== undefined) return numberOf(field, to);
  return step === undefined ? numberOf(field, from ?? '') : most;
}

/** A number of the field, by digits or by name; null when it is none. */
function numberOf({ least, most, words, firstWord }: Field, text: string): number | null {
  const word = words.indexOf(text.toUpperCase());
  if (word >= 0) return word + firstWord;
  if (!/^\d{1,2}$/.test(text)) return null;
  const number = Number(text);
  return number >= least && number <= most ? number : null;
}

function unknownNumber({ name, least, most, words }: Field, text: string): ReadPattern {
  const named = words.length === 0 ? '' : `, or ${words[0]} to ${words.at(-1)}`;
  const hint = `${least} to ${most}${named}`;
  return refused(`${name}: "${text}" is out of range`, hint);
}

interface Range {
  readonly isStar: boolean;
  readonly hasStep: boolean;
  readonly first: number;
  readonly last: number;
  readonly every: number;
}

/** In the words of the calculator; weekdays are written out, because of the two Sundays. */
function written(field: Field, { isStar, hasStep, first, last, every }: Range): string {
  if (isStar && every === 1) return '*';
  if (field.words === WEEKDAYS) {
    const days: number[] = [];
    for (let day = first; day <= last; day += every) days.push(day % 7);
    return [...new Set(days)].sort().join(',');
  }
  const range = isStar ? '*' : first === last ? String(first) : `${first}-${last}`;
  if (!hasStep) return range;
  return first === last ? String(first) : `${range}/${every}`;
}
