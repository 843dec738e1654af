/**
 * The reference names everything that there is, as it is: actions with their params, error codes,
 * commands, settings, fields of a definition.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { COMMANDS } from '../../cli/table.ts';
import { builtinActions, createActionRegistry } from '../../src/actions/registry.ts';
import { DEFAULT_MAX_BYTES } from '../../src/mcp/budget.ts';
import type { ActionDef, ParamSpec } from '../../src/model/action.ts';
import { ERROR_CODES } from '../../src/model/error.ts';
import { isJsonObject, type Json } from '../../src/model/json.ts';
import { SETTINGS, type Setting } from '../../src/settings.ts';
import { workflowJsonSchema } from '../../src/validate/json-schema.ts';
import { READER, withApp } from './app.ts';
import { problemsOfOptions } from './command-lines.ts';
import {
  codeSpans,
  ROOT,
  readPage,
  reference,
  referenceNames,
  referenceOf,
  rowsOf,
} from './markdown.ts';

const ACTION_PAGES = ['', '-fs', '-http', '-shell', '-workflow'].map((end) => `actions${end}`);
// Only names, params and effects are read: what actions work with is not needed.
const ACTIONS = builtinActions({} as Parameters<typeof builtinActions>[0]);

describe('the pages of actions', () => {
  const rows = new Map<string, readonly string[]>();
  // Rows of the tables of params; another one says what each action fails with.
  for (const row of rowsOf(referenceOf(...ACTION_PAGES)).filter(({ length }) => length === 4)) {
    for (const name of codeSpans(row[0] ?? '')) rows.set(name, row);
  }

  const httpOutput = /^Output: `([^`]+)`/m.exec(referenceOf(...ACTION_PAGES).prose)?.[1] ?? '';

  /** The params of a row, with those of the rows it refers to. */
  const paramsText = (name: string): string => {
    const text = rows.get(name)?.[2] ?? '';
    const like = /^as `([\w.]+)`/.exec(text)?.[1];
    return like === undefined ? text : `${text.replace(/^as `[\w.]+`/, '')}, ${paramsText(like)}`;
  };

  /** A param as the page writes it. */
  const written = (name: string, spec: ParamSpec): string => {
    const { required, secrets, default: fallback } = spec;
    const value = typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
    const marks = `${required === true ? '\\*' : ''}${secrets === true ? '°' : ''}`;
    return `\`${name}\`${marks}${fallback === undefined ? '' : ` = ${value}`}`;
  };

  test.each(ACTIONS.map((action) => [action.name, action] as const))('%s', (name, action) => {
    const text = paramsText(name);
    const { params } = action;
    const own = Object.entries(params).filter(([, spec]) => spec.aliasOf === undefined);
    const missing = own
      .map(([param, spec]) => written(param, spec))
      .filter((param) => !`${text.replace(/ \([^)]*\)/g, '')}, `.includes(`${param}, `));
    expect(missing).toEqual([]);
    expect(codeSpans(text).filter((param) => !Object.hasOwn(params, param))).toEqual([]);
    expect(rows.get(name)?.[1]).toBe(effectText(action));
    const told = (rows.get(name)?.[3] ?? '').replace('see below', httpOutput).replaceAll('`', '');
    expect(told).toStartWith(action.output ?? 'no output');
  });

  const effectText = ({ name, effect }: ActionDef): string =>
    name === 'http.request' ? 'by method' : effect;
});

test('errors.md has every code with what it means for retries and exit codes', () => {
  const rows = rowsOf(reference('errors')).map((row) => row.slice(0, 3));
  const codes = Object.entries(ERROR_CODES).map(([code, { retryable, exit }]) => [
    `\`${code}\``,
    retryable ? 'yes' : 'no',
    String(exit),
  ]);
  expect(rows.filter(([code]) => /^`[A-Z_]+`$/.test(code ?? ''))).toEqual(codes);
});

describe('the pages of commands and settings', () => {
  const page = referenceOf('operations', 'settings');
  const rows = rowsOf(page);

  test('has every command', () => {
    const told = rows.flatMap(([cell = '']) => codeSpans(cell).map((code) => code.split(' ')[1]));
    const left = COMMANDS.map(({ name }) => name).filter((name) => !told.includes(name));
    expect(left).toEqual([]);
  });

  test('names beside a command only options that it has', async () => {
    const problems = rows.map(([cell = '', ...rest]) => {
      const [command, name] = (codeSpans(cell)[0] ?? '').split(' ');
      if (command !== 'opcode' || name === undefined) return [];
      const options = codeSpans(rest.join(' ')).filter((code) => code.startsWith('-'));
      return problemsOfOptions(
        name,
        options.flatMap((option) => option.split(' ')),
      );
    });
    expect((await Promise.all(problems)).flat()).toEqual([]);
  });

  test.each(Object.entries(SETTINGS) as [string, Setting<unknown>][])('has %s', (key, setting) => {
    const names = [setting.flag, setting.env].filter((name) => name !== undefined);
    const row = rows.find(([cell = '']) => codeSpans(cell).includes(key));
    if (row === undefined) expect(codeSpans(page.prose)).toContain(key);
    else expect(codeSpans(row[2] ?? '')).toEqual(expect.arrayContaining(names));
  });
});

describe('the pages of fields', () => {
  const FIELDS = referenceOf('workflow-schema', 'step-types', 'failure', 'limits', 'webhooks');
  const FREE = ['$schema', 'features', 'tags', 'labels', 'title'];
  const schema = workflowJsonSchema(createActionRegistry(ACTIONS));
  const defs = isJsonObject(schema) && isJsonObject(schema.$defs) ? schema.$defs : {};

  /** Names of the fields of an object and of the objects in it. Triggers do nothing yet. */
  const fieldsIn = (value: Json): string[] => {
    if (Array.isArray(value)) return value.flatMap(fieldsIn);
    if (!isJsonObject(value)) return [];
    const own = isJsonObject(value.properties) ? Object.keys(value.properties) : [];
    const inner = Object.entries(value).filter(([name]) => name !== 'triggers');
    return [...own, ...inner.flatMap(([, part]) => fieldsIn(part))];
  };

  test.each(Object.keys(defs).filter((name) => !name.startsWith('params:')))(
    'has the fields of %s',
    (name) => {
      const words = new Set(codeSpans(FIELDS.prose).join(' ').split(/\W+/));
      const fields = fieldsIn(defs[name] ?? null).filter((field) => !FREE.includes(field));
      expect(fields.filter((field) => !words.has(field))).toEqual([]);
    },
  );
});

/** Read by people who compare, not by agents. */
const LONG_PAGES = new Set(['benchmarks']);

describe('each page', () => {
  const names = referenceNames().filter((name) => !LONG_PAGES.has(name));

  test.each(names)('%s.md begins with what it is for and a command', (name) => {
    const { text } = reference(name);
    expect(text).toMatch(/^# [^\n]+\n\n[^#|][^\n]*/);
    const [intro = ''] = text.split(/\n## /, 1);
    expect(codeSpans(intro).length).toBeGreaterThan(0);
  });

  test('is one answer over MCP, and every heading has a name', async () => {
    await withApp(async ({ ops }) => {
      for (const name of names) {
        const answer = await ops.query(READER, { resource: 'reference', filter: { name } });
        expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(DEFAULT_MAX_BYTES);
        expect(answer.next_cursor).toBeUndefined();
        expect((answer.reference ?? []).filter((item) => item.name.endsWith('#'))).toEqual([]);
      }
    });
  });
});

test('SKILL.md is one that agents can load, and short', () => {
  const { text } = readPage(join(ROOT, 'skills', 'opcode', 'SKILL.md'));
  const [, head = ''] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
  expect(head).toMatch(/^name: opcode$/m);
  expect(/^description: (.+)$/m.exec(head)?.[1]?.length ?? 0).toBeWithin(50, 1024);
  expect(text.split('\n').length).toBeLessThanOrEqual(65);
});
