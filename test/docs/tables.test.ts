/**
 * Tables of the reference that repeat what the code declares: events and their payloads, what a run
 * waits for, functions of Expr with their results, arguments of the tools, operations of each role.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { builtinNames, builtinShape } from '../../src/expr/expr-lang/builtins.ts';
import { compileExpr, type ExprEnv } from '../../src/expr/expr-lang/compile.ts';
import { DEFAULT_EXPR_LIMITS } from '../../src/expr/expr-lang/limits.ts';
import { methodArity } from '../../src/expr/expr-lang/methods.ts';
import { inputOf } from '../../src/mcp/tool-list.ts';
import { TOOLS } from '../../src/mcp/tool-names.ts';
import { type ErrorCode, isRetryable } from '../../src/model/error.ts';
import { WARNING_CODES } from '../../src/model/issue.ts';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import { NEWER_CHECKS } from '../../src/model/newer-checks.ts';
import { NEWEST_RULES, rulesOf } from '../../src/model/rules.ts';
import { type Access, mayDo, ROLES, type Role } from '../../src/ops/access.ts';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { READER, withApp } from './app.ts';
import { codeSpans, ROOT, reference, rowsOf } from './markdown.ts';

/** An interface or alias of an object type as the source declares it: names, `?` when optional. */
function membersOf(file: string, name: string): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const found = source.statements.find(
    (each) => ts.isInterfaceDeclaration(each) && each.name.text === name,
  ) as ts.InterfaceDeclaration;
  const named = (member: ts.TypeElement): string =>
    `${(member.name as ts.Identifier).text}${member.questionToken === undefined ? '' : '?'}`;
  return new Map(
    found.members.map((member) => {
      const type = (member as ts.PropertySignature).type;
      const inner = type !== undefined && ts.isTypeLiteralNode(type) ? type.members.map(named) : [];
      return [named(member), inner];
    }),
  );
}

describe('events.md', () => {
  const rows = rowsOf(reference('events')).filter(([cell = '']) => cell.startsWith('`'));

  test('has every type of event once, and no other', () => {
    const told = rows.flatMap(([cell = '']) => codeSpans(cell));
    expect(told.sort()).toEqual(
      [...membersOf('src/model/event.ts', 'EventPayloads').keys()].sort(),
    );
  });

  test.each([...membersOf('src/model/event.ts', 'EventPayloads')])('%s', (type, fields) => {
    const row = rows.find(([cell = '']) => codeSpans(cell).includes(type)) ?? [];
    const told = codeSpans((row[2] ?? '').replace(/\([^)]*\)/g, '').replace(/\{[^}]*\}/g, ''));
    expect(told).toEqual([...fields]);
  });
});

describe('expr-builtins.md', () => {
  const page = reference('expr-builtins');
  const rows = rowsOf(page).filter(([cell = '']) => cell.startsWith('`'));
  const env: ExprEnv = { has: () => false, get: () => undefined, names: () => [], nowMs: 0 };

  test('has every builtin once, and no other', () => {
    const told = rows.map(([cell = '']) => codeSpans(cell)[0]?.replace(/\(.*/, ''));
    expect(told.sort()).toEqual(builtinNames().sort());
  });

  test.each(rows.map((cells) => cells.map((cell) => cell.replace(/^`|`$/g, ''))))(
    '%s: %s gives %s',
    (signature = '', source = '', result = '') => {
      expect(JSON.stringify(compileExpr(source).run(env, DEFAULT_EXPR_LIMITS))).toBe(result);
      expect(arityOf(signature)).toEqual(shapeOf(signature.replace(/\(.*/, '')));
    },
  );

  test('names only methods that there are', () => {
    const [, prose = ''] = page.prose.split('Times have the methods');
    const names = codeSpans(prose).filter((span) => /^[A-Z]\w+(\(.*\))?$/.test(span));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => methodArity(name.replace(/\(.*/, '')) === null)).toEqual([]);
  });

  /** The least and the most arguments of a call as the page writes it. */
  function arityOf(signature: string): readonly number[] {
    const inside = signature.replace(/^\w+\(|\)$/g, '');
    const args = inside === '' ? [] : inside.split(', ');
    const isOpen = args.at(-1) === '…';
    const named = isOpen ? args.slice(0, -1) : args;
    const least = named.filter((arg) => !arg.endsWith('?')).length;
    return [least, isOpen ? Number.POSITIVE_INFINITY : named.length];
  }

  function shapeOf(name: string): readonly number[] {
    const { min, max, closure } = builtinShape(name) ?? { min: 0, max: 0, closure: 'none' };
    return [min + Number(closure === 'required'), max + Number(closure !== 'none')];
  }
});

describe('signals.md', () => {
  const rows = rowsOf(reference('signals'));
  const from = rows.findIndex(([cell]) => cell === '`kind`');
  const told = rows.slice(from + 1).flatMap(([cell = '']) => codeSpans(cell));

  test('has every kind that `waiting_for` may name', () => {
    const text = ['waiting-text', 'row-waits']
      .map((file) => readFileSync(join(ROOT, 'src', 'ops', `${file}.ts`), 'utf8'))
      .join('');
    const named = [...text.matchAll(/kind: '(\w+)'|case '(\w+)':|^ {2}(\w+): 'waits/gm)];
    const kinds = named.flatMap((match) => match.slice(1).filter((each) => each !== undefined));
    // A retry is told as a timer, a start as what it waits for; nothing locks a vault yet.
    const wire = kinds.filter((kind) => !['retry', 'start', 'vault'].includes(kind));
    expect([...new Set(wire)].sort()).toEqual(told.sort());
  });
});

describe('errors.md', () => {
  const rows = rowsOf(reference('errors')).filter(([cell = '']) => /^`[A-Z_]+`$/.test(cell));
  const WAYS = ['definition', 'host', 'wait', 'person'];

  test.each(rows.map((row) => [codeSpans(row[0] ?? '')[0] as ErrorCode, row[3] ?? ''] as const))(
    '%s is mended by %s',
    (code, ways) => {
      const named = ways.split(', ');
      expect(named.filter((way) => !WAYS.includes(way))).toEqual([]);
      if (isRetryable(code)) expect(named).not.toEqual(['definition']);
      else expect(named).not.toEqual(['wait']);
    },
  );
});

describe('warnings.md', () => {
  const page = reference('warnings');
  const [warned = '', checked = '', ruled = ''] = page.prose.split(/\n## (?:Checks|Rules)/);
  const firstCells = (prose: string): string[] =>
    rowsOf({ ...page, prose }).flatMap(([cell = '']) => codeSpans(cell));

  test('has every code of a warning once, and no other', () => {
    expect(firstCells(warned).sort()).toEqual([...WARNING_CODES].sort());
  });

  test('has every check that is newer than the first rules', () => {
    expect(firstCells(checked).sort()).toEqual(Object.keys(NEWER_CHECKS).sort());
  });

  test('has a row for each meaning that rules fix', () => {
    const { version: _version, ...meanings } = rulesOf(NEWEST_RULES);
    expect(rowsOf({ ...page, prose: ruled }).slice(1)).toHaveLength(Object.keys(meanings).length);
  });
});

describe('access.md', () => {
  const NEEDS: readonly Access[] = ['read', 'decide', 'act', 'operate', 'admin'];
  const rows = rowsOf(reference('access')).filter(([cell = '']) =>
    NEEDS.some((each) => each === cell),
  );

  test('has every operation that others can call behind what it needs', () => {
    return withApp((app) => {
      const all = [...Object.values(app.ops.operations), ...Object.values(app.ops.streams)];
      const called = all.filter(({ surfaces }) => surfaces.includes('http'));
      for (const need of NEEDS) {
        const row = rows.find(([cell]) => cell === need)?.[2] ?? '';
        const names = called.filter(({ access }) => access === need).map(({ name }) => name);
        expect(names.filter((name) => !codeSpans(row).includes(name))).toEqual([]);
      }
    });
  });

  test.each(rows)('who may %s', (need, who = '') => {
    const roles = Object.keys(ROLES).filter((role) => role !== 'local') as Role[];
    const may = roles.filter((role) => mayDo(role, need as Access));
    const told = who.startsWith('all')
      ? roles.filter((role) => !who.includes(`but ${role}`))
      : who.split(', ');
    expect(told).toEqual(may);
  });
});

describe('mcp.md', () => {
  const rows = rowsOf(reference('mcp'));

  test.each([...TOOLS])('%s has its arguments', (tool) => {
    const row = rows.find(([cell]) => cell === tool);
    const args = Object.keys(inputOf(tool).properties);
    expect([...new Set(codeSpans(row?.[1] ?? ''))].sort()).toEqual(args.sort());
  });

  test('has the values of every argument that takes some', () => {
    const values = TOOLS.flatMap((tool) =>
      Object.entries(inputOf(tool).properties).flatMap(([name, schema]) => {
        const listed = name === 'include' ? RUN_PARTS : (schema.enum ?? []);
        const inner = name === 'filter' ? Object.keys(schema.properties ?? {}) : [];
        return [...listed, ...inner].map((value) => [name, String(value)] as const);
      }),
    );
    expect(values.length).toBeGreaterThan(20);
    const missing = values.filter(([name, value]) => {
      const row = rows.find(([cell = '']) => cell === `\`${name}\``);
      return !codeSpans(row?.[1] ?? '').includes(value);
    });
    expect(missing).toEqual([]);
  });
});

test('operations.md names every area that opcode doctor looks at', () => {
  const files = readdirSync(join(ROOT, 'src')).filter((file) => file.startsWith('app-doctor'));
  const text = files.map((file) => readFileSync(join(ROOT, 'src', file), 'utf8')).join('');
  const areas = new Set([...text.matchAll(/area: '(\w+)'/g)].map(([, area = '']) => area));
  const row = rowsOf(reference('operations')).find(([cell]) => cell === '`opcode doctor`');
  const words = (row?.[1] ?? '').split(/\W+/);
  expect(areas.size).toBeGreaterThan(10);
  expect([...areas].filter((area) => !words.includes(area))).toEqual([]);
});

test('settings.md says of every setting what it is', () => {
  const rows = rowsOf(reference('settings')).filter(([cell = '']) => cell.startsWith('`'));
  expect(rows.filter((row) => (row[3] ?? '') === '').map(([cell]) => cell)).toEqual([]);
});

describe('step-types.md', () => {
  const BODY = [{ id: 'x', action: 'crypto.encode', params: { data: 'a' } }];
  const SAMPLES: Readonly<Record<string, JsonObject>> = {
    condition: { type: 'condition', config: { expression: "'a'", branches: { a: BODY } } },
    'condition, no branch fits': {
      type: 'condition',
      config: { expression: "'b'", branches: { a: BODY } },
    },
    loop: { type: 'loop', config: { over: [1, 2], max_iter: 1, body: BODY } },
    parallel: { type: 'parallel', config: { branches: [BODY] } },
    'parallel, `mode: "race"`': { type: 'parallel', config: { mode: 'race', branches: [BODY] } },
    'wait for a time': { type: 'wait', config: { duration: '1ms' } },
    'wait for a signal': {
      type: 'wait',
      config: { signal: 's', timeout: '1ms', on_timeout: 'continue' },
    },
    reasoning: {
      type: 'reasoning',
      config: { prompt_context: '?', options: [{ id: 'a' }], timeout: '1ms', fallback: 'a' },
    },
  };
  const rows = rowsOf(reference('step-types')).filter(([, cell = '']) => /^`\{.*\}`$/.test(cell));

  test('has the shape of the output of every type', async () => {
    const steps = Object.values(SAMPLES).map((step, index) => ({ id: `s${index}`, ...step }));
    const output = Object.fromEntries(
      steps.map(({ id }, index) => [Object.keys(SAMPLES)[index], `\${{steps.${id}.output}}`]),
    );
    await withApp(async (app) => {
      const result = await app.ops.run(READER, {
        definition: { steps, output } as unknown as JsonObject,
        wait: 'forever',
      });
      const given = 'output' in result ? (result.output as JsonObject) : {};
      const shapes = Object.entries(given).map(([name, value]) => [
        name,
        isJsonObject(value) ? Object.keys(value) : [],
      ]);
      const told = rows.map(([name = '', cell = '']) => [
        name,
        cell.replace(/[`{}?]/g, '').split(', '),
      ]);
      expect(Object.fromEntries(told)).toEqual(Object.fromEntries(shapes));
    });
  });
});
