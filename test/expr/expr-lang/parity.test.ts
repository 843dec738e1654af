/** What expressions written for expr-lang rely on: each value is the one that expr-lang gives. */
import { describe, expect, test } from 'bun:test';
import { compileExpr } from '../../../src/expr/expr-lang/compile.ts';
import { DEFAULT_EXPR_LIMITS } from '../../../src/expr/expr-lang/limits.ts';
import { DATA, envOf, errorTable, evaluate, valueTable } from './rows.ts';

describe('keys keep their type', () => {
  valueTable([
    ['sort(keys(groupBy([9, 10, 2], #)))', [2, 9, 10]],
    ['sum(keys(groupBy(inputs.items, .qty)))', 8],
    ['len(groupBy([1, "1"], #))', 2],
    ['map(toPairs(groupBy([1, 2], #)), #[0] + 1)', [2, 3]],
    ['map(sortBy(toPairs(groupBy([10, 9, 2], #)), #[0]), #[0])', [2, 9, 10]],
    ['keys(groupBy([true, nil, 1.5], #))', [true, null, 1.5]],
    ['keys(fromPairs([[1, "a"], [true, "b"]]))', [1, true]],
    ['fromPairs([[1, "a"]])[1]', 'a'],
    ['fromPairs([[1, "a"], [1, "b"]])', { 1: 'b' }],
    ['1 in groupBy([1], #)', true],
    ['2 in groupBy([1], #)', false],
    ['get(groupBy([1], #), 1)', [1]],
    ['len(values(groupBy([1, 2, 1], #)))', 2],
    ['groupBy([1, 2], #) == groupBy([2, 1], #)', true],
    ['groupBy([1], #) == groupBy([2], #)', false],
    ['groupBy([1], #) == {"1": [1]}', false],
    ['groupBy(["a", "b"], #) == {a: ["a"], b: ["b"]}', true],
    ['keys(groupBy([9223372036854775807], #))[0] == 9223372036854775807', true],
    ['len(groupBy([date("2024-01-01"), date("2024-01-01"), date("2024-01-02")], #))', 2],
    ['keys(groupBy([duration("1h"), duration("60m")], #))', ['1h0m0s']],
    ['keys(groupBy([date("2024-08-01").Month()], #))[0].String()', 'August'],
    ['groupBy([date("2024-01-01")], 1)', { 1: ['2024-01-01T00:00:00Z'] }],
    ['type(groupBy([1], #))', 'map'],
    ['toJSON(groupBy([2, 1], #))', '{\n  "1": [\n    1\n  ],\n  "2": [\n    2\n  ]\n}'],
    ['let a = groupBy([date("2024-01-01")], #); a == groupBy([date("2024-01-01")], #)', true],
  ]);
  errorTable([
    ['groupBy([1, "1"], #)', 'eval', /two of them are both "1"/],
    ['toJSON(groupBy([true, "true"], #))', 'eval', /two of them are both "true"/],
    ['fromPairs([[[1], 2]])', 'eval', /a map key is a string, number, bool or time, not array/],
    ['{(inputs.none): 1}', 'eval', /the key of a map is nil/],
  ]);
});

describe('numbers', () => {
  valueTable([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740991 - 1', '-9007199254740992'],
    ['[9007199254740991, 9007199254740992]', [9007199254740991, '9007199254740992']],
    ['fromJSON("{\\"id\\": 9007199254740993}").id', '9007199254740993'],
    ['fromJSON("12345678901234567890123")', '12345678901234567890123'],
    ['fromJSON("[1e20, -0, 1.0e16]")', [1e20, 0, 1e16]],
    ['1e20', 1e20],
    ['toJSON(9007199254740993)', '9007199254740993'],
    ['toJSON([9223372036854775807])', '[\n  9223372036854775807\n]'],
    ['2. + 1', 3],
    ['sum([0., 2])', 2],
    ['1.e3', 1000],
    ['1_ + 1__0', 11],
    ['1..3', [1, 2, 3]],
    ['+"a"', 'a'],
    ['float("1_000.5")', 1000.5],
    ['float("0x1p-2")', 0.25],
    ['float("-0x1.8p1")', -3],
    ['float("0x1.fffffffffffffp1023")', Number.MAX_VALUE],
    ['float("0x1p-1074")', 5e-324],
    ['float("0x0.8p-1074")', 0],
    ['float("0x1.00000000000018p0")', 1 + 2 * Number.EPSILON],
    ['max(duration("1s"), duration("2s"))', '2s'],
    ['min([duration("1s"), duration("2s")])', '1s'],
    ['max(date("2024-01-02"), date("2024-01-01"))', '2024-01-02T00:00:00Z'],
  ]);
  errorTable([
    ['fromJSON("[1e999]")', 'eval', /larger than any number can be/],
    ['fromJSON("1e999") > 5', 'eval', /larger than any number can be/],
    ['fromJSON("-1E+400")', 'eval', /larger than any number can be/],
    ['float("1__0")', 'eval', /cannot make a float/],
    ['float("_1")', 'eval', /cannot make a float/],
    ['float("0x10")', 'eval', /cannot make a float/],
    ['float("0x1p99999")', 'eval', /cannot make a float/],
    ['float("0x1p1024")', 'eval', /cannot make a float/],
    ['max(duration("1s"), 1)', 'eval', /cannot compare/],
    ['1e', 'syntax', /not written correctly/],
    ['2.a', 'syntax', /not written correctly/],
  ]);
});

describe('the order of texts', () => {
  valueTable([
    ['"\\uFFFD" < "😀"', true],
    ['"😀" > "\\uFFFD"', true],
    ['"😀" <= "😀"', true],
    ['"a" < "ab"', true],
    ['"ab" < "a"', false],
    ['sort(["😀", "\\uFFFD", "a"])', ['a', '\uFFFD', '😀']],
    ['sortBy([{n: "😀"}, {n: "\\uFFFD"}], .n)[0].n', '\uFFFD'],
    ['toJSON({"😀": 1, "\\uFFFD": 2})', '{\n  "\uFFFD": 2,\n  "😀": 1\n}'],
    ['toJSON({b: 1, "10": 2, "9": 3})', '{\n  "10": 2,\n  "9": 3,\n  "b": 1\n}'],
    [
      'toJSON({a: [], b: {}, c: [1, {d: nil}]})',
      '{\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    {\n      "d": null\n    }\n  ]\n}',
    ],
  ]);
});

describe('syntax', () => {
  valueTable([
    ['max(3, 9,)', 9],
    ['filter([1, 6], # > 5,)', [6]],
    ['sort([2, 1], )', [1, 2]],
    ['date("2024-01-01").AddDate(0, 0, 1,)', '2024-01-02T00:00:00Z'],
    ['[1, 2] | take(1,)', [1]],
    ['`a``b`', 'a`b'],
    ['````', '`'],
    ['b"abc"', [97, 98, 99]],
    ["b'aé'", [97, 195, 169]],
    ['b"\\xff\\n\\101"', [255, 10, 65]],
    ['b"abc" == [97, 98, 99]', true],
    ['len(b"aé")', 3],
    ['97 in b"abc"', true],
    ['first(nil) ?? last(nil) ?? "none"', 'none'],
    ['get("a😀b", 1)', '😀'],
    ['get("ab", -1)', 'b'],
    ['get("ab", 2)', null],
    ['trimPrefix(" a")', 'a'],
    ['trimSuffix("a ")', 'a'],
    ['" a" | trimPrefix()', 'a'],
  ]);
  errorTable([
    ['max(3,,)', 'syntax', /unexpected `,`/],
    ['max(,)', 'syntax', /unexpected `,`/],
    ['`a``', 'syntax', /not closed/],
    ['b"\\u0041"', 'syntax', /no escapes \\u/],
    ['b"a', 'syntax', /not closed/],
  ]);
});

describe('texts', () => {
  valueTable([
    ['upper("straße")', 'STRAßE'],
    ['upper("ﬁ")', 'ﬁ'],
    ['upper("ᾳ")', 'ᾼ'],
    ['upper("ΐ")', 'ΐ'],
    ['upper("äöü")', 'ÄÖÜ'],
    ['lower("ΟΔΟΣ")', 'οδοσ'],
    ['lower("İ")', 'i'],
    ['trim("\\u0085 a \\u00a0")', 'a'],
    ['trim("\\ufeffa")', '\ufeffa'],
    ['trim("  ")', ''],
    ['fromBase64("YQ==\\n")', 'a'],
    ['fromBase64("Y\\r\\nQ==")', 'a'],
  ]);
});

describe('times', () => {
  const summer = 'date("2024-07-25T12:00:00Z")';
  const newYork = `${summer}.In(timezone("America/New_York"))`;
  valueTable([
    [`${newYork}.Format("MST")`, 'EDT'],
    [`${newYork}.AddDate(0, 6, 0).Format("MST -0700")`, 'EST -0500'],
    [`${summer}.In(timezone("Asia/Tokyo")).Format("MST")`, 'JST'],
    [`${summer}.In(timezone("America/Sao_Paulo")).Format("MST")`, '-03'],
    [`${summer}.Format("MST")`, 'UTC'],
    ['date("2024-07-25T10:00:00-05:00").Format("MST")', '-0500'],
    ['date("2024-07-25T10:00:00+05:30").Format("MST")', '+0530'],
    [
      'date("2024-07-25 08:00 CEST", "2006-01-02 15:04 MST", "Europe/Berlin")',
      '2024-07-25T08:00:00+02:00',
    ],
    [
      'date("2024-07-25 08:00 CET", "2006-01-02 15:04 MST", "Europe/Berlin")',
      '2024-07-25T09:00:00+02:00',
    ],
    [
      'date("2024-07-25 08:00 -03", "2006-01-02 15:04 MST", "America/Sao_Paulo")',
      '2024-07-25T08:00:00-03:00',
    ],
    ['date("2024-07-25 08:00 GMT+3", "2006-01-02 15:04 MST").Format("MST -0700")', 'GMT+3 +0300'],
    [
      'date("2024-07-25T10:00:00+02:00", "2006-01-02T15:04:05Z07:00", "Europe/Berlin").Format("MST")',
      'CEST',
    ],
    ['date("2024-01-01").Format("__2|_2|002")', '  1| 1|001'],
    ['date("2024  07", "2006 __2")', '2024-01-07T00:00:00Z'],
    ['date("2024 207", "2006 __2")', '2024-07-25T00:00:00Z'],
    ['date(timezone("Europe/Berlin"), "2024-07-25 10:00:00")', '2024-07-25T10:00:00+02:00'],
    ['now(timezone("Asia/Tokyo")).Hour()', 15],
    ['timezone("").String()', 'UTC'],
    ['timezone("EST5EDT").String()', 'EST5EDT'],
    [`${newYork}.Location().String()`, 'America/New_York'],
    [`${newYork}.Zone()`, 'EDT'],
    [`${newYork}.Local().Format("MST")`, 'UTC'],
    [`${summer}.IsZero()`, false],
    ['date("0001-01-01").IsZero()', true],
    ['date("2024-12-30").ISOWeek()', 2025],
    ['date("2023-01-01").ISOWeek()', 2022],
    [`${summer}.Round(duration("168h"))`, '2024-07-29T00:00:00Z'],
    [`${summer}.Truncate(duration("24h"))`, '2024-07-25T00:00:00Z'],
    [`${summer}.Truncate(duration("0s"))`, '2024-07-25T12:00:00Z'],
    ['date("2024-08-25").Month().String()', 'August'],
    ['string(date("2024-08-25").Month())', 'August'],
    ['string(date("2024-08-25").Weekday())', 'Sunday'],
    ['type(date("2024-08-25").Month())', 'time.Month'],
    ['date("2024-08-25").Month()', 8],
    ['toJSON(date("2024-08-25").Weekday())', '0'],
    ['date("2024-08-25").Month() == 8', true],
    ['date("2024-08-25").Weekday() in [0, 6]', true],
    ['date("2024-08-25").Month() + 1', 9],
    ['9 % date("2024-08-25").Month()', 1],
    ['-date("2024-08-25").Month()', -8],
    ['date("2024-08-25").Month() < 9', true],
    ['["a", "b"][date("2024-08-25").Weekday()]', 'a'],
    ['{"8": "x"}[date("2024-08-25").Month()]', 'x'],
    ['int(date("2024-08-25").Month())', 8],
    ['max(date("2024-08-25").Month(), 3)', 8],
    ['duration("1h") * date("2024-08-25").Month()', '8h0m0s'],
    ['int(duration("1.5s"))', 1500000000],
    ['toJSON(duration("1h"))', '3600000000000'],
    ['duration("1h")', '1h0m0s'],
  ]);
  errorTable([
    ['date("0000-01-01").In(timezone("America/New_York"))', 'eval', /years 0 to 9999/],
    ['date("9999-12-31T23:00:00Z").In(timezone("Asia/Tokyo"))', 'eval', /years 0 to 9999/],
    ['timezone("utc")', 'eval', /no timezone/],
    ['timezone("europe/zurich")', 'eval', /no timezone/],
    ['date("2024-07-25 08:00 QQQ", "2006-01-02 15:04 MST")', 'eval', /cannot read/],
    ['date("2024-08-25").Month().Year()', 'eval', /time.Month 8 has no method Year/],
    ['date(timezone("UTC"))', 'eval', /date\(\) takes a text/],
  ]);
});

describe('groups that were reached by the text of their key', () => {
  valueTable([
    ['len(groupBy(inputs.items, .ok)["true"])', 2],
    ['groupBy([1, 2], #)["1"]', [1]],
    ['groupBy([1, "1"], #)["1"]', ['1']],
    ['groupBy([1, "1"], #)[1]', [1]],
    ['{"3": "x"}[3]', 'x'],
  ]);

  test('a group is never shared between evaluations', () => {
    const program = compileExpr('groupBy(inputs.nums, #)["4"]');
    const run = (): unknown => program.run(envOf(DATA), DEFAULT_EXPR_LIMITS);
    expect([run(), run()]).toEqual([[4], [4]]);
    expect(evaluate('len(toJSON(groupBy(1..500, #)))')).toBeGreaterThan(5000);
  });
});
