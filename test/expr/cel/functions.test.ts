/**
 * The functions of CEL over data as workflows have it: times in UTC, conversions that refuse what is
 * no number, texts by code points, `format` as it is rounded exactly.
 */
// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import type { Json } from '../../../src/model/json.ts';
import { failureOf, resultOf, type ScopeData } from '../support.ts';

const data: ScopeData = {
  values: {
    inputs: {
      n: 3,
      half: 3.5,
      tie: 2.665,
      empty: '',
      text: 'a😀b',
      percent: '95%',
      nothing: null,
      list: [3, 1, 2],
      used: 9,
      total: 10,
    },
  },
};

function values(title: string, cases: readonly (readonly [string, Json])[]): void {
  describe(title, () => {
    for (const [source, value] of cases) {
      test(source, () => {
        expect(resultOf(`cel: ${source}`, data)).toEqual(value);
      });
    }
  });
}

function failures(title: string, cases: readonly (readonly [string, string])[]): void {
  describe(title, () => {
    for (const [source, message] of cases) {
      test(source, () => {
        expect(failureOf(`cel: ${source}`, data)).toContain(message);
      });
    }
  });
}

values('getters of times', [
  ["timestamp('2024-03-31T02:30:00Z').getHours()", 2],
  ["timestamp('2024-07-01T00:15:00Z').getDayOfYear()", 182],
  ["timestamp('2024-03-31T06:30:00Z').getHours('America/New_York')", 2],
  ["timestamp('2024-03-31T06:30:00Z').getHours('-04:30')", 2],
  ["timestamp('2024-03-31T06:30:00Z').getMinutes('02:15')", 45],
  ["timestamp('0001-01-01T00:00:00Z').getFullYear()", 1],
  ["timestamp('0099-03-01T00:00:00Z').getDayOfWeek()", 0],
  ["timestamp('1969-12-31T23:59:59.5Z').getMilliseconds()", 500],
  ["timestamp('2024-12-31T23:30:00Z').getFullYear('Asia/Tokyo')", 2025],
  ["timestamp('2024-02-29T12:00:00Z').getDate()", 29],
  ["timestamp('2024-02-29T12:00:00Z').getDayOfMonth()", 28],
  ["timestamp('2024-02-29T12:00:00Z').getMonth()", 1],
  ["duration('90m').getHours()", 1],
  ["duration('-90m').getMinutes()", -90],
]);

failures('zones that are none', [
  ["timestamp(0).getHours('+24:00')", 'there is no timezone "+24:00"'],
  ["timestamp(0).getHours('+05:60')", 'there is no timezone'],
  ["timestamp(0).getHours('+0530')", 'there is no timezone'],
  ["timestamp(0).getHours('Nowhere/Atlantis')", 'there is no timezone'],
  ['timestamp(0).getHours(1)', 'found no matching overload'],
]);

values('times from numbers and texts', [
  ['timestamp(1704067200)', '2024-01-01T00:00:00Z'],
  ['int(timestamp(1704067200)) == 1704067200', true],
  ["timestamp(1704067200) < timestamp('2000-01-01T00:00:00Z')", false],
  ['timestamp(253402300799)', '9999-12-31T23:59:59Z'],
  ['int(timestamp(-1))', -1],
  ["int(timestamp('1969-12-31T23:59:59.9Z'))", -1],
  ["timestamp('2024-03-31T02:30:00.123456789+01:00')", '2024-03-31T01:30:00.123456789Z'],
  [
    "timestamp('2024-01-01T00:00:00Z') + duration('1μs') + duration('1µs')",
    '2024-01-01T00:00:00.000002Z',
  ],
  ["timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-29T00:00:00Z')", '86400s'],
  ["duration('1.5h') - duration('1ms')", '5399.999s'],
]);

failures('times that do not exist', [
  ['timestamp(253402300800)', 'timestamp out of range'],
  ['timestamp(1704067200000)', 'timestamp out of range'],
  ["timestamp('2023-02-29T00:00:00Z')", 'timestamp() cannot read "2023-02-29T00:00:00Z"'],
  ["timestamp('2024-02-30T00:00:00Z')", 'cannot read'],
  ["timestamp('2024-04-31T00:00:00Z')", 'cannot read'],
  ["timestamp('2024-01-01T24:00:00Z')", 'cannot read'],
  ["timestamp('2024-01-01T23:59:60Z')", 'cannot read'],
  ["timestamp('2024-01-01T00:00:00+24:00')", 'cannot read'],
  ["timestamp('2024-01-01')", 'cannot read'],
  ["timestamp('0001-01-01T00:00:00Z') - duration('1ns')", 'timestamp out of range'],
  ["duration('')", 'duration() cannot read ""'],
  ["duration('1d')", 'cannot read'],
  ["duration('9223372036s') + duration('1s')", 'duration out of range'],
]);

values('numbers from texts', [
  ["int(' 7\\n')", 7],
  ["int('-7') + int('+7')", 0],
  ["uint('7\\n')", 7],
  ["double(' 1.5e3\\n')", 1500],
  ["double('NaN') == double('NaN')", false],
  ["double('-Infinity') < 0.0 && double('inf') > 0.0", true],
  ['int(3.99) + int(-3.99)', 0],
  ["int('9223372036854775807')", '9223372036854775807'],
  ["bool('TRUE') && !bool('f')", true],
  ["string(double('-0'))", '-0'],
  ['string(1e21) + string(0.1)', '1e+210.1'],
  ["string(b'\\xef\\xbb\\xbfa')", '\ufeffa'],
]);

failures('texts that are no numbers', [
  ['int(inputs.empty)', 'int() cannot read ""'],
  ['uint(inputs.empty)', 'uint() cannot read ""'],
  ['double(inputs.empty)', 'double() cannot read ""'],
  ['double(inputs.percent) > 90.0', 'double() cannot read "95%"'],
  ["double('n/a') != 1.0", 'cannot read'],
  ["int('0x10')", 'cannot read'],
  ["int('0b1')", 'cannot read'],
  ["int('0o7')", 'cannot read'],
  ["int('1_000')", 'cannot read'],
  ["int('1 2')", 'cannot read'],
  ["int('1.0')", 'cannot read'],
  ["double('0x10')", 'cannot read'],
  ["double('1e400')", 'cannot read'],
  ["uint('-1')", 'cannot read'],
  ["int('9223372036854775808')", 'int overflow'],
  ["double('NaN') < 1.0 ? 1 : int(double('NaN'))", 'int overflow'],
  ['uint(-1)', 'uint overflow'],
  ["string(b'\\xff')", 'not UTF-8'],
  ["bool('yes')", 'bool() cannot read "yes"'],
]);

values('texts by code points', [
  ['inputs.text.substring(0, size(inputs.text) - 1)', 'a😀'],
  ['inputs.text.charAt(1)', '😀'],
  ['inputs.text.substring(2)', 'b'],
  ["inputs.text.split('')", ['a', '😀', 'b']],
  ["inputs.text.split('', 2)", ['a', '😀b']],
  ["inputs.text.indexOf('b')", 2],
  ["inputs.text.indexOf('b', 1)", 2],
  ["'😀a😀a'.lastIndexOf('a', 3)", 3],
  ["'😀a😀a'.lastIndexOf('a', 2)", 1],
  ["'😀a'.lastIndexOf('a')", 1],
  ["'\\uFFFF' < '\\U0001F600'", true],
  ["['\\U0001F600', '\\uFFFD', 'a'].sort()", ['a', '\ufffd', '😀']],
  ["'😀b'.reverse()", 'b😀'],
  ["'ab'.charAt(2)", ''],
  ["'\\u0085 a\\ufeff\\u2028'.trim()", 'a\ufeff'],
  ['"a\\"\\n".size()', 3],
  ['strings.quote("a\\"\\n")', '"a\\"\\n"'],
]);

failures('positions outside of a text', [
  ["'aaa'.indexOf('a', 100)", 'index out of range: 100'],
  ["'aaa'.charAt(4)", 'index out of range: 4'],
  ["'aaa'.substring(-1)", 'index out of range: -1'],
  ["'aaa'.substring(2, 1)", 'invalid substring range'],
  ["'aaa'.lastIndexOf('a', -1)", 'index out of range: -1'],
]);

values('format', [
  ["'%.2f %.2f'.format([inputs.half, inputs.n])", '3.50 3.00'],
  ["'%d'.format([2.5])", '2.5'],
  ["'%.2f'.format([inputs.tie])", '2.67'],
  ["'%.2f'.format([2.675])", '2.67'],
  ["'%.1f'.format([0.35])", '0.3'],
  ["'%.0f %.0f %.0f'.format([0.5, 1.5, -2.5])", '0 2 -2'],
  ["'100%% of %s'.format(['it'])", '100% of it'],
  ["'%%'.format([1])", '%'],
  ["'%e'.format([0.00000123])", '1.230000e-06'],
  ["'%.3e'.format([123456])", '1.235e+05'],
  ["'%.0e'.format([9.5])", '1e+01'],
  ["'%f'.format([1e22])", '10000000000000000000000.000000'],
  ["'%d'.format([1e21])", '1000000000000000000000'],
  ["'%x %X %x %o %b %b'.format([255, 255, 'é', 8, 5, true])", 'ff FF c3a9 10 101 1'],
  ["'%s'.format([{'b': [1, 2.5, null], 'a': b'x'}])", '{a: x, b: [1, 2.5, null]}'],
  [
    "'%s %s'.format([duration('1.5s'), timestamp('2024-01-01T00:00:00.5Z')])",
    '1.5s 2024-01-01T00:00:00.5Z',
  ],
  ["'%s %f'.format([double('inf'), double('NaN')])", 'Infinity NaN'],
]);

failures('format that cannot be', [
  ["'%d'.format(['a'])", 'a decimal clause takes numbers, not string'],
  ["'%f'.format([true])", 'a fixed-point clause takes numbers, not bool'],
  ["'%s %s'.format([1])", 'index 1 out of range'],
  ["'%z'.format([1])", 'unrecognized formatting clause "z"'],
  ["'%'.format([1])", 'the text ends within a clause'],
  ["'%.101f'.format([1])", 'a precision is a number of at most 100'],
]);

values('numbers', [
  ['7 / 2', 3],
  ['7.0 / 2.0', 3.5],
  ['7.0 / 2', 3.5],
  ['[7.0, 7][0] / [2.0, 2][0]', 3.5],
  ['type(2.5 + 0.5) == double && type(inputs.n) == int', true],
  ['2.5 + 0.5 == 3 && 3 == 3.0 && 3u == 3', true],
  ['9007199254740991 + 1', '9007199254740992'],
  ['9007199254740992 - 1 == 9007199254740991', true],
  ['9007199254740993 == 9007199254740992.0', true],
  ['9007199254740993 > 9007199254740992', true],
  ['18446744073709551615u / 1u == 18446744073709551615u', true],
  ['0 * -1', 0],
  ['string(0 * -1)', '0'],
  ['-7 % 3', -1],
  ['math.bitAnd(12, 10) + math.bitOr(12, 10) + math.bitXor(12, 10)', 28],
  ['math.bitShiftRight(-1, 1)', '9223372036854775807'],
  ['math.bitShiftLeft(1, 64)', 0],
  ['math.bitNot(0u) == 18446744073709551615u', true],
  ['math.abs(2u) == 2u && math.sign(2u) == 1u && math.sqrt(4u) == 2.0', true],
  ['math.round(-0.5)', -1],
  ['math.round(0.49999999999999994)', 0],
  ['math.greatest(1, 2.5, 3u)', 3],
]);

failures('numbers beyond their bounds', [
  ['9223372036854775808 % -1', 'int overflow'],
  ['-9223372036854775808 % -1', 'int overflow'],
  ['0xFFFFFFFFFFFFFFFF', 'int overflow'],
  ['-9223372036854775808 / -1', 'int overflow'],
  ['math.abs(-9223372036854775808)', 'int overflow'],
  ['1u - 2u', 'uint overflow'],
  ['1.0e400 > 1.0', 'larger than any double'],
  ['math.bitShiftLeft(1, -1)', 'negative offset'],
]);

values('lists, maps and macros', [
  ['null in {"a": 1}', false],
  ['[1] in {"a": 1}', false],
  ['timestamp(0) in {"a": 1}', false],
  ['1.0 in {1: true} && {1u: "x"}[1] == "x"', true],
  ['[7, 8][1.0]', 8],
  ['cel.bind(x, 1 / 0, true)', true],
  ['cel.bind(x, 1 / 0, x == 1 || true)', true],
  ['cel.bind(x, inputs.n, [1, 2].map(i, i + x))', [4, 5]],
  ['[{"k": 2, "v": "b"}, {"k": 1, "v": "a"}].sortBy(r, r.k).map(r, r.v)', ['a', 'b']],
  ['[{"a": 1}, {"a": 1.0}, [1], [1], 1, 1u, "1"].distinct()', [{ a: 1 }, [1], 1, '1']],
  ['[1, 2, 3].exists(x, x / 0 == 1 || x == 3)', true],
  ['[0, 1].all(x, 1 / x == 5)', false],
  ['has({"a": null}.a)', true],
  ["inputs.nothing[inputs.n] ?? 'd'", 'd'],
  ["inputs.text[inputs.n - 3] ?? 'd'", 'd'],
  ["inputs.list['a' + 'b'] ?? 'd'", 'd'],
  ['google.protobuf.Int64Value{value: 4} + 1', 5],
]);

failures('lists, maps and macros that cannot be', [
  ['[1, 2][true]', 'found no matching overload'],
  ['[1, 2][0.5]', 'there is no "0.5"'],
  ['inputs.nothing[inputs.n]', 'inputs.nothing is null and has no "3"'],
  ['{0: 1, 0u: 2}', 'map key conflict: 0'],
  ['{1.0: 1}', 'a double is no map key'],
  ['[1, 2].exists(x, x / 0 == 1)', 'divide by zero'],
  ['[0, 1].exists_one(x, 1 / x == 1)', 'divide by zero'],
  ['1 + 1u', "found no matching overload for '_+_' applied to '(int, uint)'"],
  ['inputs.text.charAt()', "found no matching overload for 'charAt' applied to 'string.()'"],
  ["inputs.text.startWith('a')", 'there is no function "startWith"; did you mean "startsWith"?'],
  ['math.flor(2.5)', 'there is no function "math.flor"; did you mean "math.floor"?'],
  ["has(inputs['n'])", 'has() takes a field, as in has(a.b)'],
]);
