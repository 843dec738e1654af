/** CEL sources to compare: fixed ones with what has differed before, and random ones by a grammar. */
import type { Json } from '../../src/model/json.ts';
import type { Random } from './random.ts';

/** What every source reads. */
export const INPUTS: Json = {
  n: 3,
  zero: 0,
  half: 3.5,
  big: 9007199254740991,
  minus: -7,
  yes: true,
  none: null,
  text: 'a😀b',
  empty: '',
  csv: 'a,b,,c',
  digits: '42',
  percent: '95%',
  list: [3, 1, 2],
  mixed: [1, 2.5, 'a', null, true, [1]],
  texts: ['b', 'a', '\uffff', '😀'],
  rows: [
    { id: 1, ok: true, price: 2.5 },
    { id: 2, ok: false, price: 4 },
    { id: 3, ok: true },
  ],
  map: { a: 1, b: { c: null } },
  time: '2024-03-31T02:30:00.25Z',
};

/** Sources that once differed, or are likely to. */
export const FIXED: readonly string[] = [
  "timestamp('2024-03-31T02:30:00Z').getHours()",
  "timestamp('2024-07-01T00:15:00Z').getDayOfYear()",
  "timestamp('2024-03-31T06:30:00Z').getHours('America/New_York')",
  "timestamp('0001-01-01T00:00:00Z').getFullYear()",
  "timestamp('0050-06-01T00:00:00Z').getDayOfWeek()",
  'timestamp(1704067200)',
  'timestamp(253402300800)',
  'timestamp(-62135596800)',
  'timestamp(-62135596801)',
  "int('')",
  "uint('')",
  "double('')",
  "double('abc')",
  "int('0x10')",
  "int('0b1')",
  "int('0o7')",
  "int(' 1\\n')",
  "int('+1')",
  "uint('+1')",
  "duration('')",
  "double('NaN')",
  "double('Infinity')",
  "double('-inf')",
  "double('1e400')",
  "double('0x1p-2')",
  "double('.5')",
  "double('5.')",
  "timestamp('2023-02-29T00:00:00Z')",
  "timestamp('2024-02-30T00:00:00Z')",
  "timestamp('2024-01-01T24:00:00Z')",
  "timestamp('2024-01-01t00:00:00z')",
  "timestamp('2024-01-01 00:00:00Z')",
  "timestamp('2024-01-01T00:00:00.1234567891Z')",
  "timestamp('2024-01-01T00:00:00+23:59')",
  'inputs.text.substring(0, size(inputs.text) - 1)',
  'inputs.text.charAt(1)',
  "inputs.text.split('')",
  "inputs.text.lastIndexOf('b', 3)",
  "inputs.text.indexOf('b')",
  "'\\uFFFF' < '\\U0001F600'",
  'inputs.texts.sort()',
  "'%.2f'.format([3])",
  "'%.2f'.format([2.665])",
  "'%.2f'.format([2.675])",
  "'%.1f'.format([0.35])",
  "'%.0f'.format([0.5])",
  "'%d'.format([2.5])",
  "'%e'.format([0.00000123])",
  "'%%'.format([1])",
  "'%s'.format([{'b': 1, 'a': [1.5, b'x', null]}])",
  "'%x %X %o %b'.format([255, 'é', 8, true])",
  '9223372036854775807 + 1',
  '-9223372036854775808 - 1',
  '-9223372036854775808 / -1',
  '-9223372036854775808 % -1',
  '18446744073709551615u / 1u',
  '9007199254740993 > 9007199254740992.0',
  '9007199254740993 == 9007199254740992.0',
  '[1, 2][true]',
  "null in {'a': 1}",
  "[1] in {'a': 1}",
  'cel.bind(x, 1 / 0, true)',
  'math.abs(2u)',
  'math.bitShiftRight(-1, 1)',
  '[3, 1, 2].first()',
  "timestamp(0).getHours('+24:00')",
  "timestamp(0).getHours('+0530')",
  "timestamp(0).getHours('utc')",
  "timestamp(0).getHours('-00:30')",
  "duration('1μs')",
  "duration('1µs')",
  "duration('1.5h').getMilliseconds()",
  'inputs.n / 2',
  'inputs.half / 2',
  '7.0 / 2.0',
  'type(6.0)',
  'has(inputs.none)',
  'has(inputs.map.b.c)',
  'has(inputs.map.x.y)',
  "'a' in inputs.map",
  '{1: 2}[1.0]',
  '{1: 2}[1u]',
  '{1: 2, 1u: 3}',
  '1.0e400',
  '"\\400"',
  '"\\u00"',
  '9223372036854775808',
  '18446744073709551616u',
];

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Africa/Casablanca',
  'UTC',
  '+05:30',
  '-03:00',
  '02:00',
  '+24:00',
  'Nowhere/City',
];
const GETTERS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
];

type Kind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'text'
  | 'list'
  | 'map'
  | 'time'
  | 'duration'
  | 'bytes';

/** Leaves and forms of each kind; `B I N D T L M P U Y` stand for parts of a kind, `A` for any. */
const LEAVES: Readonly<Record<Kind, readonly string[]>> = {
  bool: ['true', 'false', 'inputs.yes', 'inputs.rows[0].ok', 'inputs.rows[2].price'],
  int: ['0', '1', '2', '-3', '7', '100', 'inputs.n', 'inputs.minus', 'inputs.zero', 'inputs.big'],
  uint: ['0u', '1u', '7u', 'uint(inputs.n)', '18446744073709551615u', '0x1Fu'],
  double: ['0.0', '1.0', '2.5', '-0.5', '1e10', '0.1', 'inputs.half', '6.0', '-2.0'],
  text: [
    "''",
    "'a'",
    "'é😀'",
    "'42'",
    "' x '",
    'inputs.text',
    'inputs.csv',
    'inputs.digits',
    "'B,a'",
  ],
  list: [
    '[]',
    '[1, 2]',
    "['b', 'a']",
    'inputs.list',
    'inputs.mixed',
    'inputs.rows',
    '[[1], [2, [3]]]',
  ],
  map: ['{}', "{'a': 1}", '{1: 2, true: 3}', 'inputs.map', 'inputs.rows[1]'],
  time: [
    'timestamp(inputs.time)',
    'timestamp(0)',
    "timestamp('2024-12-31T23:59:59.999Z')",
    "timestamp('1969-07-20T20:17:40-05:00')",
  ],
  duration: ["duration('90m')", "duration('-1.5s')", "duration('0')", "duration('36h1m')"],
  bytes: ["b''", "b'ab'", "b'\\xff'", "bytes('é')"],
};

const FORMS: Readonly<Record<Kind, readonly string[]>> = {
  bool: (
    '!(B)|B && B|B || B|I < I|D >= D|T < T|I == D|A == A|A != A|A in L|T in M|L.exists(x, x == A)|' +
    'L.all(x, x != A)|L.exists_one(x, x == I)|T.startsWith(T)|T.endsWith(T)|T.contains(T)|' +
    "T.matches('^[a-z]+')|P < P|U > U|B ? B : B|has(inputs.map.a)|math.isNaN(D)|math.isInf(D)|" +
    'L.exists(x, x / I > I)|A == null|type(A) == type(A)|Y == Y|bool(T)|I < D|D == I|' +
    'N < N|N == I|N < I|D > N|I in {I: A, N: A}|T.matches(T)|L == L|M == M|B || A|A && B|' +
    'inputs.rows.exists(r, r.price > D)|inputs.rows.all(r, has(r.price))|A in M|Y < Y|double(T) < D|' +
    'L.all(x, L.exists(y, x == y))|[A].exists(x, x > I)|inputs.texts.exists(t, t.contains(T))'
  ).split('|'),
  int: (
    'I + I#I - I#I * I#I / I#I % I#-(I)#size(T)#size(L)#size(M)#int(D)#int(T)#B ? I : I#L[I]#' +
    'T.indexOf(T)#T.lastIndexOf(T)#T.indexOf(T, I)#T.lastIndexOf(T, I)#P.GETTER()#P.GETTER(ZONE)#' +
    'math.abs(I)#math.sign(I)#math.bitAnd(I, I)#math.bitOr(I, I)#math.bitXor(I, I)#math.bitNot(I)#' +
    'math.bitShiftLeft(I, I)#math.bitShiftRight(I, I)#math.greatest(I, I)#cel.bind(x, I, x + x)#' +
    'int(P)#U.getHours()#U.getMinutes()#U.getSeconds()#math.least(I, D)#M.a#int(N)#int(A)#size(A)#M[T]#math.abs(-9223372036854775808 + I)#9223372036854775807 - I#cel.bind(x, A, I)#L.map(x, size(x))[I]'
  ).split('#'),
  uint: (
    'N + N#N - N#N * N#N / N#N % N#uint(I)#uint(D)#uint(T)#math.abs(N)#math.sign(N)#math.bitNot(N)#' +
    'math.bitAnd(N, N)#math.bitShiftLeft(N, I)#math.bitShiftRight(N, I)#math.greatest(N, N)#B ? N : N'
  ).split('#'),
  double: (
    'D + D#D - D#D * D#D / D#-(D)#double(I)#double(T)#B ? D : D#math.floor(D)#math.ceil(D)#math.round(D)#' +
    'math.trunc(D)#math.abs(D)#math.sqrt(D)#math.sign(D)#math.greatest(D, D)#math.sqrt(I)'
  ).split('#'),
  text: (
    'T + T#string(I)#string(N)#string(B)#string(A)#T.charAt(I)#T.substring(I)#T.substring(I, I)#T.lowerAscii()#T.upperAscii()#' +
    "T.trim()#T.replace(T, T)#T.replace(T, T, I)#T.reverse()#L.join(T)#'%d'.format([I])#'%s'.format([A])#" +
    "'%.2f'.format([D])#'%.0f %.10e'.format([D, D])#'%s %s'.format([A, A])#'%x'.format([N])#'%e'.format([D])#'%.3e'.format([I])#'%.1f'.format([D])#'%d'.format([D])#" +
    "'%x'.format([I])#'%X'.format([T])#'%o'.format([I])#'%b'.format([I])#B ? T : T#strings.quote(T)#" +
    "base64.encode(Y)#string(Y)#'%s'.format([L])#T.split(T).join('-')#T.split(T, I).join('-')"
  ).split('#'),
  list: (
    'L + L#L.map(x, x)#L.map(x, [x])#L.filter(x, B)#L.map(x, B, x)#T.split(T)#T.split(T, I)#[A, A]#' +
    'L.reverse()#L.flatten()#L.distinct()#L.slice(I, I)#L.sort()#lists.range(I)#B ? L : L#' +
    'L.sortBy(x, x)#L.flatten(I)#M.map(k, k == A)#inputs.rows.map(r, r.id)#inputs.rows.filter(r, r.ok)#' +
    'inputs.list.sort()#inputs.texts.sort()#[I, D, N].sort()#[T, T].sort()#L.first()#[D, I, N, T].distinct()#' +
    'inputs.rows.sortBy(r, -r.id)#L.map(x, cel.bind(y, x, [y, x]))#M.filter(k, k != A)'
  ).split('#'),
  map: ["{'k': A}", '{I: A, T: A}', 'B ? M : M', '{T: A}'],
  time: ['P + U', 'P - U', 'timestamp(I)', 'timestamp(string(P))', 'B ? P : P'],
  duration: ['duration(T)', 'duration(string(U))', 'U + U', 'P - P', 'U - U', 'B ? U : U'],
  bytes: ['base64.decode(T)', 'Y + Y', 'bytes(T)', 'base64.decode(base64.encode(Y))'],
};

const KINDS = Object.keys(LEAVES) as Kind[];
const LETTERS: Readonly<Record<string, Kind>> = {
  B: 'bool',
  I: 'int',
  N: 'uint',
  D: 'double',
  T: 'text',
  L: 'list',
  M: 'map',
  P: 'time',
  U: 'duration',
  Y: 'bytes',
};

/** Makes a source at most `depth` forms deep. */
export function celSource(random: Random, depth = 3): string {
  return make(random, random.pick(KINDS), depth);
}

function make(random: Random, kind: Kind, depth: number): string {
  // Some parts have another kind than is needed.
  const given = random.chance(0.04) ? random.pick(KINDS) : kind;
  if (depth === 0 || random.chance(0.25)) return random.pick(LEAVES[given]);
  const form = random.pick(FORMS[given]);
  return form.replace(/GETTER|ZONE|\b[ABDILMNPTUY]\b/g, (part) => {
    if (part === 'GETTER') return random.pick(GETTERS);
    if (part === 'ZONE') return `'${random.pick(ZONES)}'`;
    const inner = part === 'A' ? random.pick(KINDS) : (LETTERS[part] ?? 'int');
    const text = make(random, inner, depth - 1);
    return /^[\w.[\]'"(){}]+$/.test(text) && !/^-/.test(text) ? text : `(${text})`;
  });
}
