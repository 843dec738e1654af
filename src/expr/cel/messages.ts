/**
 * Messages of protocol buffers, such as `google.protobuf.Int64Value{value: 1}`: the library makes,
 * reads and compares them; here their values become ours and back.
 */
import {
  type CelInput,
  type CelValue,
  celEnv,
  celUint,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
  parse,
  plan,
} from '@bufbuild/cel';
import { create, type Registry, toJson } from '@bufbuild/protobuf';
import type { ReflectMessage } from '@bufbuild/protobuf/reflect';
import {
  type Duration,
  DurationSchema,
  type Timestamp,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt';
import { narrowInt } from '../expr-lang/int64.ts';
import { KIND } from '../expr-lang/time-values.ts';
import type { CelNode } from './ast.ts';
import { CelFault } from './fault.ts';
import {
  type CelMessage,
  createLiteralMap,
  doubleOf,
  entryOf,
  isBytes,
  isDuration,
  isMap,
  isMessage,
  isTime,
  isType,
  isUint,
  keysOf,
  makeBytes,
  makeDouble,
  makeDuration,
  makeTime,
  makeType,
  makeUint,
} from './values.ts';

const SECOND_NS = 1_000_000_000n;

export interface CelMessageTypes {
  has(name: string): boolean;
  /** The type or enum value of a full name. */
  named(name: string): unknown;
  /** @throws CelFault when there is no such type or field, or a value does not fit */
  create(name: string, fields: ReadonlyMap<string, unknown>): unknown;
  /** A value of the library as ours. */
  read(value: CelInput): unknown;
}

/** The messages of a registry; without one the well-known types. */
export function createMessageTypes(registry?: Registry): CelMessageTypes {
  let made: ReturnType<typeof celEnv> | null = null;
  const run: Run = (tree, bindings) => {
    made ??= registry === undefined ? celEnv() : celEnv({ registry });
    try {
      const result = plan(made, tree)(bindings);
      if (isCelError(result)) throw new CelFault(result.message);
      return fromLibrary(result as CelValue, run);
    } catch (thrown) {
      if (thrown instanceof CelFault || !(thrown instanceof Error)) throw thrown;
      throw new CelFault(thrown.message);
    }
  };
  const named = (name: string): unknown => {
    if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/.test(name)) return undefined;
    if (registry === undefined && !name.startsWith('google.protobuf.')) return undefined;
    try {
      return run(treeOf(name), {});
    } catch (thrown) {
      if (!(thrown instanceof CelFault)) throw thrown;
      return undefined;
    }
  };
  return {
    named,
    has: (name) => isType(named(name)),
    read: (value) => run(treeOf('value'), { value }),
    create(name, fields) {
      const values = [...fields.values()].map((value, i) => [`v${i}`, toLibrary(value)] as const);
      const pairs = values.map(([variable], i) => `f${i}: ${variable}`).join(', ');
      const tree = treeOf(`.${name}{${pairs}}`);
      if (tree.exprKind.case === 'structExpr') {
        const names = [...fields.keys()];
        for (const [i, entry] of tree.exprKind.value.entries.entries()) {
          entry.keyKind = { case: 'fieldKey', value: names[i] ?? '' };
        }
      }
      return run(tree, Object.fromEntries(values));
    },
  };
}

type Run = (tree: CelNode, bindings: Record<string, CelInput>) => unknown;

/** @throws CelFault when a name has a form that no name has */
function treeOf(source: string): CelNode {
  try {
    const { expr } = parse(source);
    if (expr !== undefined) return expr;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    throw new CelFault(`there is no type of this name: ${thrown.message}`);
  }
  throw new CelFault('there is no type of this name');
}

/** `m.name` or `has(m.name)`; the name may be a word that the language keeps for itself. */
function fieldTree(source: string, name: string): CelNode {
  const tree = treeOf(source);
  if (tree.exprKind.case === 'selectExpr') tree.exprKind.value.field = name;
  return tree;
}

function messageOf(message: ReflectMessage, run: Run): CelMessage {
  return {
    [KIND]: 'message',
    typeName: message.desc.typeName,
    field: (name) => run(fieldTree('m.f', name), { m: message }),
    has: (name) => run(fieldTree('has(m.f)', name), { m: message }) === true,
    equals: ({ own }) => run(treeOf('a == b'), { a: message, b: own as ReflectMessage }) === true,
    toJson: () => toJson(message.desc, message.message),
    own: message,
  };
}

/** A value of the library as ours. */
function fromLibrary(value: CelValue, run: Run): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return narrowInt(value);
  if (typeof value === 'number') return makeDouble(value);
  if (value instanceof Uint8Array) return makeBytes(value);
  if (isCelUint(value)) return makeUint(value.value);
  if (isCelType(value)) return makeType(value.name);
  if (isCelList(value)) return Array.from(value, (item) => fromLibrary(item, run));
  if (isCelMap(value)) {
    const map = createLiteralMap();
    for (const [key, item] of value.entries()) {
      map.add(fromLibrary(key, run), fromLibrary(item, run));
    }
    return map;
  }
  return fromMessage(value, run);
}

function fromMessage(value: ReflectMessage, run: Run): unknown {
  const { typeName } = value.desc;
  if (typeName === TimestampSchema.typeName) return makeTime(nsOf(value.message as Timestamp));
  if (typeName === DurationSchema.typeName) return makeDuration(nsOf(value.message as Duration));
  return messageOf(value, run);
}

const nsOf = ({ seconds, nanos }: { seconds: bigint; nanos: number }): bigint =>
  seconds * SECOND_NS + BigInt(nanos);

/** One of our values as the library's. */
function toLibrary(value: unknown): CelInput {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toLibrary);
  if (isMap(value)) {
    return new Map(
      keysOf(value).map((key) => [toLibrary(key) as string, toLibrary(entryOf(value, key))]),
    );
  }
  return toLibrarySpecial(value);
}

function toLibrarySpecial(value: unknown): CelInput {
  const double = doubleOf(value);
  if (double !== null) return double;
  if (isUint(value)) return celUint(value.value);
  if (isBytes(value)) return value.bytes;
  if (isTime(value)) {
    const nanos = ((value.ns % SECOND_NS) + SECOND_NS) % SECOND_NS;
    const seconds = (value.ns - nanos) / SECOND_NS;
    return create(TimestampSchema, { seconds, nanos: Number(nanos) });
  }
  if (isDuration(value)) {
    const nanos = value.ns % SECOND_NS;
    return create(DurationSchema, {
      seconds: value.ns / SECOND_NS,
      nanos: Number(nanos),
    });
  }
  if (isMessage(value)) return value.own as ReflectMessage;
  throw new CelFault('a type is no value of a message');
}
