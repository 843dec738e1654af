/**
 * Runs cases of the official CEL conformance suite through our own compiler, with the messages of
 * the suite's registry.
 */
import { type CelInput, celEnv, celUint, isCelError, parse, plan } from '@bufbuild/cel';
import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getTestRegistry } from '@bufbuild/cel-spec/testdata/registry.js';
import {
  getConformanceSuite,
  type IncrementalTest,
  type IncrementalTestSuite,
} from '@bufbuild/cel-spec/testdata/tests.js';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { restoreNames } from '../../../src/expr/cel/ast.ts';
import { equal } from '../../../src/expr/cel/compare.ts';
import { createMessageTypes } from '../../../src/expr/cel/messages.ts';
import { createNames } from '../../../src/expr/cel/names.ts';
import { compileTree, startCel } from '../../../src/expr/cel/program.ts';
import { maskCelSource } from '../../../src/expr/cel/source.ts';
import { typeName } from '../../../src/expr/cel/values.ts';
import { DEFAULT_EXPR_LIMITS } from '../../../src/expr/expr-lang/limits.ts';

export interface CelCase {
  readonly name: string;
  readonly expression: string;
  /** What is wrong with our answer, or null when it is right. */
  run(): string | null;
}

const registry = getTestRegistry();
const messages = createMessageTypes(registry);

/** The cases of one section; those that only check types are left out. */
export function celCases(section: string): CelCase[] {
  const suite = getConformanceSuite().suites.find((candidate) => candidate.name === section);
  if (suite === undefined) throw new Error(`the suite has no section ${section}`);
  return flatten(suite, section)
    .filter(({ test }) => !test.original.checkOnly)
    .map(({ name, test }) => ({
      name,
      expression: test.original.expr,
      run: () => verdict(test.original),
    }));
}

function flatten(
  suite: IncrementalTestSuite,
  prefix: string,
): { name: string; test: IncrementalTest }[] {
  return [
    ...suite.tests.map((test) => ({ name: `${prefix}/${test.name}`, test })),
    ...suite.suites.flatMap((inner) => flatten(inner, `${prefix}/${inner.name}`)),
  ];
}

function verdict(test: IncrementalTest['original']): string | null {
  const actual = evaluate(test);
  const { resultMatcher } = test;
  switch (resultMatcher.case) {
    case 'value':
      return compare(actual, ourValue(resultMatcher.value));
    case 'typedResult':
      return resultMatcher.value.result === undefined
        ? null
        : compare(actual, ourValue(resultMatcher.value.result));
    case 'evalError':
    case 'anyEvalErrors':
      return actual instanceof Error ? null : `no error but ${show(actual)}`;
    case undefined:
      return compare(actual, true);
    default:
      return `a matcher ${resultMatcher.case} is not known`;
  }
}

function evaluate(test: IncrementalTest['original']): unknown {
  const bindings = new Map<string, unknown>();
  for (const [name, bound] of Object.entries(test.bindings)) {
    if (bound.kind.case === 'value') bindings.set(name, ourValue(bound.kind.value));
  }
  try {
    const masked = maskCelSource(test.expr, new Set());
    const { expr } = parse(`${masked.text}\n`);
    if (expr === undefined) return new Error('nothing parsed');
    restoreNames(expr, masked.names);
    const names = createNames(new Set(bindings.keys()), messages, test.container);
    const code = compileTree(expr, names);
    const rt = startCel(code, test.expr, DEFAULT_EXPR_LIMITS, (name) => bindings.get(name));
    return code.run(rt);
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

const ourValue = (value: Value): unknown => messages.read(inputOf(value));

function inputOf(value: Value): CelInput {
  const { kind } = value;
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
    case 'stringValue':
    case 'bytesValue':
      return kind.value;
    case 'uint64Value':
      return celUint(kind.value);
    case 'enumValue':
      return BigInt(kind.value.value);
    case 'listValue':
      return kind.value.values.map(inputOf);
    case 'mapValue':
      return new Map(
        kind.value.entries.map((entry) => [
          inputOf(entry.key as Value) as string,
          inputOf(entry.value as Value),
        ]),
      );
    case 'objectValue': {
      const message = anyUnpack(kind.value, registry);
      if (message === undefined) throw new Error(`cannot unpack ${kind.value.typeUrl}`);
      return message;
    }
    case 'typeValue':
      return typeNamed(kind.value);
    default:
      throw new Error(`a value of kind ${kind.case} is not known`);
  }
}

function typeNamed(name: string): CelInput {
  const env = celEnv({ registry });
  const type = plan(env, parse(name))();
  if (isCelError(type)) throw type;
  return type;
}

/** Null when both are the same value of the same type. */
function compare(actual: unknown, expected: unknown): string | null {
  if (actual instanceof Error) return `error: ${actual.message}`;
  if (Number.isNaN(actual) && Number.isNaN(expected)) return null;
  const budget = { source: '', limits: DEFAULT_EXPR_LIMITS, stepsLeft: 1e6, bytesLeft: 1e6 };
  const same = typeName(actual) === typeName(expected) && equal(budget, actual, expected);
  return same ? null : `${show(actual)} instead of ${show(expected)}`;
}

const show = (value: unknown): string => Bun.inspect(value);
