/**
 * Tables of the reference that repeat what the code declares: events and their payloads, what a run
 * waits for, functions of Expr with their results, arguments of the tools, operations of each role.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { builtinNames, builtinShape } from '../../src/expr/expr-lang/builtins.ts';
import { compileExpr, type ExprEnv } from '../../src/expr/expr-lang/compile.ts';
import { DEFAULT_EXPR_LIMITS } from '../../src/expr/expr-lang/limits.ts';
import { methodArity } from '../../src/expr/expr-lang/methods.ts';
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
