/**
 * The rules that keep the tests silent about speed: a machine with ten times as much to do as it can
 * gives the same results. What must come is waited for with `eventually`; time is measured in
 * `test/bench`, which these rules leave alone. Like the source rules they read the syntax tree.
 */
import ts from 'typescript';
import type { Violation } from './source-rules.ts';

type NodeRule = (node: ts.Node, at: ts.SourceFile) => boolean;

/** Globals and members that read a clock for a span; stamps (`Date.now`) have a rule of their own. */
const SPAN_CLOCKS =
  /^(globalThis\.)?(performance\.now|process\.hrtime(\.bigint)?|Bun\.nanoseconds)$/;
const SLEEPS = /^(globalThis\.)?(setTimeout|Bun\.sleep|Bun\.sleepSync|Atomics\.wait)$/;
const STAMP = /^(Date\.now\(\)|new Date\(\)|performance\.now\(\))/;
const COMPARISONS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
]);
/** The constants of `patience.ts`; a longer limit is made from one of them. */
const LIMIT = /^(TEST_MS|PATIENCE_MS)( \+ .+)?$/;
const TEST_CALL = /^(test|it|beforeAll|beforeEach|afterAll|afterEach)\b/;
/** A shorter wait of the product itself is one whose end is meant: a run that still goes on. */
const LEAST_WAIT_S = 60;

const calls = (node: ts.Node, names: RegExp, at: ts.SourceFile): boolean =>
  ts.isCallExpression(node) && names.test(node.expression.getText(at));

const holds = (node: ts.Node, found: (inner: ts.Node) => boolean): boolean =>
  found(node) || ts.forEachChild(node, (child) => holds(child, found) || undefined) === true;

/** A span of wall-clock time, or a deadline of the test's own. */
const clock: NodeRule = (node, at) => {
  if (calls(node, SPAN_CLOCKS, at)) return true;
  if (!ts.isBinaryExpression(node)) return false;
  const sides = [node.left, node.right];
  const stamp = sides.find((side) => STAMP.test(side.getText(at)));
  if (stamp === undefined) return false;
  if (COMPARISONS.has(node.operatorToken.kind)) return true;
  // From a moment before until now; an old or a coming stamp is made from a number or a constant.
  if (node.operatorToken.kind !== ts.SyntaxKind.MinusToken || stamp !== node.left) return false;
  return /^[a-z]/.test(node.right.getText(at));
};

const sleep: NodeRule = (node, at) =>
  calls(node, SLEEPS, at) ||
  (ts.isImportDeclaration(node) && /timers\/promises/.test(node.moduleSpecifier.getText(at)));

/** A loop that looks again and again, with no bound but the test's own limit. */
const polling: NodeRule = (node, at) => {
  if (!(ts.isWhileStatement(node) || ts.isDoStatement(node))) return false;
  const body = ts.isBlock(node.statement) ? node.statement.statements : [node.statement];
  if (body.length === 0) return holds(node.expression, ts.isAwaitExpression);
  const turnsOver = (inner: ts.Node): boolean =>
    ts.isAwaitExpression(inner) &&
    /\b(setImmediate|setTimeout|sleep|slowly)\b/.test(inner.getText(at));
  return holds(node.statement, turnsOver);
};

/** A limit of one test that is not that of all: a slow machine reaches it, a fast one does not. */
const limit: NodeRule = (node, at) => {
  if (!ts.isCallExpression(node)) return false;
  const called = node.expression.getText(at);
  if (called === 'setDefaultTimeout') return !LIMIT.test(node.arguments[0]?.getText(at) ?? '');
  if (!TEST_CALL.test(called)) return false;
  const isBody = (given: ts.Expression): boolean =>
    ts.isArrowFunction(given) || ts.isFunctionExpression(given);
  const after = node.arguments.findIndex(isBody) + 1;
  const own = after === 0 ? undefined : node.arguments[after];
  if (own === undefined) return false;
  const timeout = ts.isObjectLiteralExpression(own)
    ? own.properties.find((one) => one.name?.getText(at) === 'timeout')
    : own;
  if (timeout === undefined) return false;
  const value = ts.isPropertyAssignment(timeout) ? timeout.initializer : timeout;
  return !LIMIT.test(value.getText(at));
};

/** A wait of the product that a slow machine sees the end of: the test then reads a run on its way. */
const wait: NodeRule = (node) => {
  if (!(ts.isPropertyAssignment(node) && ts.isStringLiteralLike(node.initializer))) return false;
  const name = node.name;
  if (!((ts.isIdentifier(name) || ts.isStringLiteral(name)) && name.text === 'wait')) return false;
  const seconds = /^(\d+)s$/.exec(node.initializer.text)?.[1];
  return seconds !== undefined && Number(seconds) > 1 && Number(seconds) < LEAST_WAIT_S;
};

const RULES: Readonly<Record<string, readonly [breaks: NodeRule, instead: string]>> = {
  clock: [clock, 'wait with eventually, untilPast or withRoom; measure in test/bench'],
  sleep: [sleep, 'wait with eventually or untilPast; a slow peer uses slowly'],
  polling: [polling, 'wait with eventually'],
  limit: [limit, 'TEST_MS, or TEST_MS + what the work itself takes'],
  wait: [wait, "'2m' for what must come, at most '1s' for what does not"],
};

/** Returns what one file of the tests says about time; `file` is its path from the root, with `/`. */
export function checkTiming(file: string, text: string): Violation[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
  const violations: Violation[] = [];
  const visit = (node: ts.Node): void => {
    for (const [rule, [breaks, instead]] of Object.entries(RULES)) {
      if (!breaks(node, source)) continue;
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      const found = node.getText(source).split('\n')[0] ?? '';
      violations.push({ file, line, rule, found: `${found} (${instead})` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return violations;
}
