/** Words of the command line. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, jsonOrText, paramsOf, waitMsOf, whereOf, wholeNumber } from '../../cli/args.ts';
import { createCli } from '../../cli/command.ts';
import { isFileName, parseObject, readSource, readText } from '../../cli/sources.ts';
import type { AppError } from '../../src/model/error.ts';
import { fakeTerminal } from './fake-terminal.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opcode-args-'));
  writeFileSync(join(folder, 'flow.yml'), 'steps: []');
  writeFileSync(join(folder, 'latin1.json'), Buffer.from([0x7b, 0xe9, 0x7d]));
  mkdirSync(join(folder, 'sub'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (thrown) {
    return (thrown as AppError).code;
  }
  return 'nothing was thrown';
};

describe('a target', () => {
  test.each(['deploy.json', 'a.jsonc', 'b.YAML', 'c.yml', './deploy', 'flows/deploy'])(
    '%s is a file',
    (name) => expect(isFileName(name)).toBe(true),
  );
  test.each(['deploy', 'nightly-report', 'v1.2', '@last', 'report.txt'])('%s is none', (name) =>
    expect(isFileName(name)).toBe(false),
  );
});

describe('a file', () => {
  test('is read with its format and whole path', () => {
    const file = join(folder, 'flow.yml');
    expect(readSource(file)).toEqual({ text: 'steps: []', file, format: 'yaml' });
  });

  test.each([
    ['missing.json', 'NOT_FOUND'],
    ['flow.yml/inside.json', 'NOT_FOUND'],
    ['sub', 'VALIDATION_ERROR'],
    ['latin1.json', 'VALIDATION_ERROR'],
  ])('%s is %s', (name, code) => {
    expect(codeOf(() => readText(join(folder, name)))).toBe(code);
  });
});

describe('--wait', () => {
  test.each([
    [undefined, null],
    ['forever', null],
    ['0', 0],
    ['30s', 30_000],
    ['1m30s', 90_000],
  ])('%p is %p ms', (wait, ms) => expect(waitMsOf(wait)).toBe(ms));

  test.each(['30', 'soon', '-1s'])('%p is refused', (wait) => {
    expect(codeOf(() => waitMsOf(wait))).toBe('VALIDATION_ERROR');
  });
});

describe('parameters', () => {
  const given = (options: { param?: string[]; params?: string }, input = '') =>
    paramsOf(createCli(fakeTerminal(input), { HOME: folder }, {}), options);

  test('-p texts go to the operation as they are, which knows their types', async () => {
    expect(await given({ param: ['env=prod', 'n:=3', 'empty='] })).toEqual({
      param_texts: ['env=prod', 'n:=3', 'empty='],
    });
  });

  test('nothing given is nothing', async () => expect(await given({})).toEqual({}));

  test('--params - is standard input', async () => {
    expect(await given({ params: '-' }, '{"a": 1}')).toEqual({ params: { a: 1 } });
  });

  test.each(['{"a":1}', ' {"a": "x=1"}'])('a whole object as -p is told its way: %s', (text) => {
    const hint = expect.stringContaining('--params - from standard input');
    expect(given({ param: [text] })).rejects.toMatchObject({ code: 'VALIDATION_ERROR', hint });
  });

  test.each([
    [{ param: ['env'] }, ''],
    [{ param: ['=x'] }, ''],
    [{ params: '-' }, '{'],
    [{ params: '-' }, '[1]'],
  ])('%p is refused', async (options, input) => {
    expect(given(options, input)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  test('an option may be given several times', () => {
    expect(collect('b', collect('a', undefined))).toEqual(['a', 'b']);
  });
});

describe('--where', () => {
  test('is a filter', () => {
    expect(whereOf('status=failed, template=deploy')).toEqual({
      status: 'failed',
      template_name: 'deploy',
    });
  });

  test.each(['', 'failed', 'color=red', 'status='])('%p is refused', (text) => {
    expect(codeOf(() => whereOf(text))).toBe('VALIDATION_ERROR');
  });
});

test('numbers are whole and large enough', () => {
  expect(wholeNumber(1)('3')).toBe(3);
  for (const bad of ['0', '-1', '1.5', 'x', '']) expect(() => wholeNumber(1)(bad)).toThrow();
});

test('--data is JSON when it is, else text', () => {
  expect(jsonOrText('{"a":1}')).toEqual({ a: 1 });
  expect(jsonOrText('yes, please')).toBe('yes, please');
});

test('an object is asked for by name', () => {
  expect(codeOf(() => parseObject('1', 'params.json'))).toBe('VALIDATION_ERROR');
  expect(parseObject('{"__proto__": 1}', 'x')).toEqual(JSON.parse('{"__proto__": 1}'));
});
