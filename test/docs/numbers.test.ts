/** The table of numbers in the reference, row by row, read as JSON and as YAML. */
import { expect, test } from 'bun:test';
import { parseJson } from '../../src/model/json-text.ts';
import { readDefinition } from '../../src/validate/read-definition.ts';
import { reference } from './markdown.ts';

const ROW = /^\| `([^`]+)` \| (?:`([^`]+)`|error).*\|$/gm;
const [, table = ''] =
  /\| written \| becomes \|\n([\s\S]*?)\n\n/.exec(reference('numbers').text) ?? [];
const ROWS = [...table.matchAll(ROW)].map(([, written = '', becomes]) => ({ written, becomes }));

test('the table is there', () => {
  expect(ROWS.length).toBe(8);
});

test.each(ROWS)('$written', ({ written, becomes }) => {
  const json = `{"x": [${written}]}`;
  const yaml = readDefinition(`x:\n  - ${written}\n`, { format: 'yaml' });
  if (becomes === undefined) {
    expect(() => parseJson(json)).toThrow(written);
    expect(yaml.issues[0]?.message).toContain(written);
    return;
  }
  const value = { x: [JSON.parse(becomes)] };
  expect(parseJson(json)).toEqual(value);
  expect(readDefinition(json, { format: 'json' }).raw).toEqual(value);
  expect(yaml.raw).toEqual(value);
});
