/**
 * The shape of the code base as a test: who may import whom (dependency-cruiser) and the rules one
 * file can break alone (test/support/source-rules.ts); and that no test says anything about time
 * (test/support/timing-rules.ts). Each check first proves that it can fail.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { checkSource } from './support/source-rules.ts';
import { checkTiming } from './support/timing-rules.ts';

const ROOT = join(import.meta.dir, '..');
const RULES = join(ROOT, '.dependency-cruiser.cjs');
const PARTS = ['src', 'cli', 'tui', 'web'];
const SOURCES = [...PARTS, 'scripts'];

const sourceFiles = (root: string, folders: string[]): string[] => {
  const glob = new Bun.Glob(`{${folders.join(',')}}/**/*.{ts,tsx}`);
  return [...glob.scanSync({ cwd: root })].sort();
};

const cruiseFolder = async (root: string): Promise<ICruiseResult> => {
  const present = [...new Set(sourceFiles(root, SOURCES).map((file) => file.split('/')[0] ?? ''))];
  const options = await extractOptions(RULES);
  const { output } = await cruise(
    present,
    { ...options, baseDir: root, validate: true },
    undefined,
    { tsConfig: extractTsConfig(join(ROOT, 'tsconfig.json')) },
  );
  if (typeof output === 'string') throw new Error('dependency-cruiser gave a report, not a result');
  return output;
};

const seenSources = (result: ICruiseResult): string[] =>
  result.modules
    .map((module) => module.source)
    .filter((file) => SOURCES.includes(file.split('/')[0] ?? '') && /\.tsx?$/.test(file))
    .sort();

const broken = (result: ICruiseResult): string[] =>
  result.summary.violations.map((found) => `${found.rule.name}: ${found.from} → ${found.to}`);

describe('import rules', () => {
  test('hold for every source file, and every source file was seen', async () => {
    const result = await cruiseFolder(ROOT);
    expect(broken(result)).toEqual([]);
    expect(seenSources(result).length).toBeGreaterThan(0);
    expect(seenSources(result)).toEqual(sourceFiles(ROOT, SOURCES));
  });

  test('cover every part: no source file is without a boundary', () => {
    const rules = createRequire(import.meta.url)(RULES) as {
      forbidden: { name: string; from: { path?: string } }[];
    };
    const boundaries = rules.forbidden
      .filter((rule) => rule.name.endsWith('-boundary'))
      .map((rule) => new RegExp(rule.from.path ?? '(?!)'));
    const outside = sourceFiles(ROOT, SOURCES).filter(
      (file) => boundaries.filter((boundary) => boundary.test(file)).length !== 1,
    );
    expect(outside).toEqual([]);
  });

  describe('are broken by', () => {
    let root = '';
    let result: string[] = [];
    const fixture: Record<string, string> = {
      'package.json': '{"name":"fixture","dependencies":{}}',
      'src/model/a.ts': "import { b } from '../core/b.ts';\nexport const a = b;\n",
      'src/model/shape.ts': 'export interface Shape { x: 1 }\n',
      'src/core/b.ts': "import { readFileSync } from 'node:fs';\nexport const b = readFileSync;\n",
      'src/core/one.ts':
        "import { two } from './two.ts';\nexport const one = (): number => two();\n",
      'src/core/two.ts':
        "import { one } from './one.ts';\nexport const two = (): number => one();\n",
      'src/store/c.ts': "import { Database } from 'bun:sqlite';\nexport const c = Database;\n",
      'src/store/sqlite/d.ts':
        "import { Database } from 'bun:sqlite';\nexport const d = Database;\n",
      'src/actions/e.ts': "import type { Shape } from '../store/f.ts';\nexport type E = Shape;\n",
      'src/store/f.ts': "import type { Shape } from '../model/shape.ts';\nexport type { Shape };\n",
      'src/http/g.ts': "import { spawn } from 'node:child_process';\nexport const g = spawn;\n",
      'src/isolate/h.ts': "import { spawn } from 'node:child_process';\nexport const h = spawn;\n",
      'src/ops/index.ts': 'export const i = 1;\n',
      'src/mcp/j.ts': "import { i } from '../ops/index.ts';\nexport const j = i;\n",
      'src/app.ts': 'export const app = 1;\n',
      'src/runtime/k.ts': "import { app } from '../app.ts';\nexport const k = app;\n",
      'src/ops/l.ts': 'export const l = 1;\nexport interface L { x: 1 }\n',
      'web/m.tsx': "import { l } from '../src/ops/l.ts';\nexport const m = l;\n",
      'web/n.tsx': "import type { L } from '../src/ops/l.ts';\nexport type N = L;\n",
      'cli/o.ts': "import { gone } from './gone.ts';\nexport const o = gone;\n",
    };

    beforeAll(async () => {
      root = mkdtempSync(join(tmpdir(), 'opcode-architecture-'));
      for (const [file, text] of Object.entries(fixture)) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), text);
      }
      result = broken(await cruiseFolder(root));
    });

    afterAll(() => rmSync(root, { recursive: true, force: true }));

    test.each([
      ['a model that imports the engine', 'model-boundary: src/model/a.ts → src/core/b.ts'],
      ['a pure part that reads files', 'pure-parts-do-no-io: src/core/b.ts → fs'],
      ['a circle', 'no-cycles: src/core/one.ts → src/core/two.ts'],
      ['a database outside its place', 'sqlite-in-one-place: src/store/c.ts → bun:sqlite'],
      ['a type taken from another part', 'actions-boundary: src/actions/e.ts → src/store/f.ts'],
      ['a surface that spawns', 'spawning-in-three-places: src/http/g.ts → child_process'],
      ['a barrel', 'no-barrels: src/mcp/j.ts → src/ops/index.ts'],
      ['a part that imports the app', 'nobody-imports-the-app: src/runtime/k.ts → src/app.ts'],
      ['a panel that imports a value', 'web-types-only: web/m.tsx → src/ops/l.ts'],
      ['an import of nothing', 'resolvable: cli/o.ts → ./gone.ts'],
    ])('%s', (_, violation) => {
      expect(result).toContain(violation);
    });

    test('nothing that is allowed', () => {
      const allowed = ['src/store/sqlite/d.ts', 'src/isolate/h.ts', 'src/store/f.ts', 'web/n.tsx'];
      expect(result.filter((line) => allowed.some((file) => line.includes(`: ${file} `)))).toEqual(
        [],
      );
    });
  });
});

describe('source rules', () => {
  test('hold for every source file', () => {
    const violations = sourceFiles(ROOT, SOURCES)
      .flatMap((file) => checkSource(file, readFileSync(join(ROOT, file), 'utf8')))
      .map((found) => `${found.file}:${found.line} ${found.rule}: ${found.found}`);
    expect(violations).toEqual([]);
  });

  const HEADER = '/** Owns one thing of the fixture. */\n';
  const SCRIPT = `#!/usr/bin/env bun\n${HEADER}export const a = 1;`;
  const ERROR_CLASS = 'export class AppError extends Error {}';

  test.each([
    ['pure', 'src/core/a.ts', 'export const a = Date.now();'],
    ['pure', 'src/core/a.ts', 'export const a = new Date();'],
    ['pure', 'src/expr/a.ts', 'export const a = Math.random();'],
    ['pure', 'src/model/a.ts', 'setTimeout(() => 1, 5);'],
    ['pure', 'src/model/a.ts', 'globalThis.setInterval(() => 1, 5);'],
    ['pure', 'src/validate/a.ts', 'export const a = performance.now();'],
    ['pure', 'src/diagram/a.ts', 'export const a = process.env;'],
    ['pure', 'src/core/a.ts', "import { randomUUID } from 'node:crypto';\nrandomUUID();"],
    ['environment', 'src/http/a.ts', 'export const a = process.env.HOME;'],
    ['spawning', 'src/http/a.ts', "Bun.spawn(['true']);"],
    ['spawning', 'cli/a.ts', "import { $ } from 'bun';\nawait $`true`;"],
    ['no-enum', 'cli/a.ts', 'export enum Kind { A }'],
    ['no-default-export', 'tui/a.tsx', 'export default function view() {}'],
    ['no-default-export', 'tui/a.tsx', 'export default 1;'],
    ['class-only-for-errors', 'src/http/a.ts', 'export class Server {}'],
    ['no-empty-catch', 'src/http/a.ts', 'try { a(); } catch { /* nothing */ }'],
    ['telling-file-name', 'src/http/utils.ts', 'export const a = 1;'],
    ['telling-file-name', 'src/http/index.ts', 'export const a = 1;'],
    ['file-length', 'src/http/a.ts', 'export {};\n'.repeat(400)],
    ['no-suppression', 'src/http/a.ts', `// @ts-${'ignore'}\nexport const a = 1;`],
  ])('%s finds it in %s', (rule, file, text) => {
    expect(checkSource(file, HEADER + text).map((found) => found.rule)).toContain(rule);
  });

  test('a file without a header, or with an essay, is found', () => {
    expect(checkSource('cli/a.ts', 'export const a = 1;').map((found) => found.rule)).toEqual([
      'file-header',
    ]);
    const essay = `/**\n${' * one more line\n'.repeat(13)} */\nexport const a = 1;`;
    expect(checkSource('cli/a.ts', essay).map((found) => found.rule)).toEqual(['file-header']);
  });

  test.each([
    ['a date made from a given time', 'src/core/a.ts', 'export const a = new Date(5).getTime();'],
    ['a forbidden word in a text', 'src/core/a.ts', "export const a = 'Date.now() setTimeout';"],
    ['a property of that name', 'src/core/a.ts', 'export const a = (x: A) => x.performance;'],
    ['the one reader of the environment', 'src/config.ts', 'export const a = process.env.HOME;'],
    ['spawning where it belongs', 'src/isolate/a.ts', "Bun.spawn(['true']);"],
    ['an error class', 'src/model/error.ts', ERROR_CLASS],
    ['a first line for the shell', 'cli/main.ts', SCRIPT],
    ['a default case', 'src/http/a.ts', 'switch (a) { default: b(); }'],
  ])('allow %s', (_, file, text) => {
    expect(checkSource(file, text.startsWith('#!') ? text : HEADER + text)).toEqual([]);
  });
});

describe('timing rules', () => {
  const MAY_TIME = /^test\/(bench\/|support\/patience\.ts$)/;

  test('hold for every file of the tests', () => {
    const files = sourceFiles(ROOT, ['test']).filter((file) => !MAY_TIME.test(file));
    expect(files.length).toBeGreaterThan(300);
    const violations = files
      .flatMap((file) => checkTiming(file, readFileSync(join(ROOT, file), 'utf8')))
      .map((found) => `${found.file}:${found.line} ${found.rule}: ${found.found}`);
    expect(violations).toEqual([]);
  });

  test.each([
    ['clock', 'const began = performance.now();'],
    ['clock', 'const began = Bun.nanoseconds();'],
    ['clock', 'expect(Date.now() - began).toBeLessThan(50);'],
    ['clock', 'if (Date.now() > until) throw new Error();'],
    ['clock', 'while (until >= new Date()) look();'],
    ['sleep', 'await Bun.sleep(5);'],
    ['sleep', 'await new Promise((resolve) => setTimeout(resolve, 5));'],
    ['sleep', 'globalThis.setTimeout(look, 5);'],
    ['sleep', "import { setTimeout as rest } from 'node:timers/promises';"],
    ['polling', 'while (!(await holds())) {}'],
    ['polling', 'while (!holds()) await new Promise((resolve) => setImmediate(resolve));'],
    ['polling', 'do { await Bun.sleep(1); } while (!holds());'],
    ['polling', 'while (!holds()) { await slowly(5); }'],
    ['limit', "test('a', () => undefined, 20_000);"],
    ['limit', "test.each([1])('%i', () => undefined, SHORT_MS);"],
    ['limit', "test('a', () => undefined, { timeout: 20_000 });"],
    ['limit', 'beforeAll(() => undefined, 20_000);'],
    ['limit', 'setDefaultTimeout(20_000);'],
    ['wait', "run({ definition, wait: '20s' });"],
  ])('%s finds it in %s', (rule, text) => {
    expect(checkTiming('test/a.test.ts', text).map((found) => found.rule)).toContain(rule);
  });

  test.each([
    'await eventually(() => seen.length > 0);',
    'await untilPast(due);',
    'const old = signed(body, Date.now() - 60_000);',
    'const forgotten = Date.now() - KEPT_MS;',
    'const due = Date.now() + roomMs;',
    'while (!text.includes(part)) text += await reader.read();',
    'while (clock.fireNext(until)) await settle();',
    'const turn = () => new Promise((resolve) => setImmediate(resolve));',
    "test('a', () => undefined, TEST_MS);",
    "test('a', () => undefined, TEST_MS + KILLS_MS);",
    "test('a', () => undefined, { timeout: TEST_MS });",
    "run({ definition, wait: '100ms' });",
    "run({ definition, wait: '2m' });",
    'const text = "setTimeout(() => 1, 5)"; // Bun.sleep(5)',
  ])('allow %s', (text) => {
    expect(checkTiming('test/a.test.ts', text)).toEqual([]);
  });
});
