/** Random sources for Expr from a grammar with types. */
import { TEXTS } from './expr-data.ts';
import { FORMS, type Kind, LEAVES } from './expr-forms.ts';
import type { Random } from './random.ts';

const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '7',
  '-1',
  '2.5',
  '0.1',
  '1e3',
  '2.',
  '.5',
  '0x1F',
  '1_000',
  '1e-7',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
  '1.5',
  '100',
  '1e21',
];
const SMALL = ['0', '1', '2', '3'];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Tokyo',
  'Asia/Kolkata',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
];
const MOMENTS = [
  '2024-02-29',
  '2024-03-31 02:30:00',
  '2024-07-25T12:34:56.789Z',
  '2023-12-31T23:59:59+02:00',
  '1969-12-31',
  '0001-01-01',
  '2024-11-03T05:30:00Z',
  '02 Jan 06 15:04 UTC',
  '15:04:05',
  '2023-02-29',
  '2024-10-27T00:30:00Z',
];
const LAYOUTS = [
  '2006-01-02',
  '15:04:05',
  'Mon Jan _2 2006',
  'Monday, 02-Jan-06',
  '3:04PM',
  '2006-01-02T15:04:05Z07:00',
  '.000',
  'MST',
  '002',
  '__2',
  'January',
  '2006-01-02 15:04 -0700',
  '15:04:05.999',
];
const SPANS = ['1h', '90m', '1.5s', '250ms', '-2h', '24h', '0s', '1h30m5s', '3us', '168h', '1d'];
const PATTERNS = ['^A', '[a-z]+$', 'l{2}', '.', '(?i)STR', '\\\\d+', 'é'];

const PREDICATES = ['# > N', '# == N', 'B', '# % 2 == 0', '{# < N}', 'not (# > N)', '# in L'];

/** Makes a source of any kind, at most `depth` forms deep. */
export function exprSource(random: Random, depth = 4): string {
  const kinds = Object.keys(FORMS) as (keyof typeof FORMS)[];
  return fill(random, random.pick(kinds), depth);
}

/** A letter that stands alone in a form is a kind (upper case) or a literal (lower case). */
const HOLE = /(?<![\w"#\\]|(?<!\.)\.)([NISBLWMDTXPRYZnskdtz])(?![\w"])/g;

function fill(random: Random, kind: Kind, depth: number): string {
  if (kind === 'P') return expand(random, random.pick(PREDICATES), depth);
  const forms = depth <= 0 || random.chance(0.2) ? LEAVES[kind] : FORMS[kind];
  return expand(random, random.pick(forms), depth);
}

function expand(random: Random, form: string, depth: number): string {
  return form.replace(
    HOLE,
    (_whole, hole: string) => literal(random, hole) ?? fill(random, hole as Kind, depth - 1),
  );
}

function literal(random: Random, hole: string): string | null {
  switch (hole) {
    case 'n':
      return random.pick(NUMBERS);
    case 'k':
      return random.pick(SMALL);
    case 's':
      return JSON.stringify(random.pick(TEXTS));
    case 'd':
      return JSON.stringify(random.pick(MOMENTS));
    case 't':
      return JSON.stringify(random.pick(SPANS));
    case 'z':
      return JSON.stringify(random.pick(ZONES));
    case 'Z':
      return `timezone(${JSON.stringify(random.pick(ZONES))})`;
    case 'Y':
      return JSON.stringify(random.pick(LAYOUTS));
    case 'R':
      return `"${random.pick(PATTERNS)}"`;
    default:
      return null;
  }
}
