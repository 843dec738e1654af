/**
 * Reading parts of values as closures: roots of the environment, members, indexes, slices, methods.
 *
 * Own keys only. In an optional chain, `?.` on nil yields SKIP, which every later part of the chain
 * passes on and the chain turns into nil.
 */
import type { MemberNode, MethodNode, Node, SliceNode } from './ast.ts';
import { isInt } from './int64.ts';
import { callMethod } from './methods.ts';
import { chargeList, chargeMap, type Emit, type Evaluate, fail, type Runtime } from './runtime.ts';
import { sliceText, textLength } from './text.ts';
import { typedPart } from './typed-map.ts';
import {
  describe,
  isMap,
  isTypedMap,
  keyOf,
  needCount,
  ownOf,
  plainInt,
  setOwn,
  type ValueMap,
} from './values.ts';

type Access = MemberNode | SliceNode | MethodNode;

const SKIP = Symbol('nil before ?.');
const MAX_NAMES_SHOWN = 20;

/** Reads a name of the environment. An unknown one is an error that lists what there is. */
export function emitRoot(name: string, at: number): Evaluate {
  return (rt) => {
    if (rt.env.has(name)) return rt.env.get(name) ?? null;
    return unknownName(rt, name, at);
  };
}

function unknownName(rt: Runtime, name: string, at: number): never {
  const names = [...rt.env.names()].sort();
  const shown = names.slice(0, MAX_NAMES_SHOWN).join(', ');
  const more = names.length > MAX_NAMES_SHOWN ? ', …' : '';
  const hint = name === 'null' || name === 'undefined' ? '; nothing is written nil' : '';
  const known = names.length === 0 ? 'there are no names' : `there are: ${shown}${more}`;
  return fail(rt, at, `unknown name ${name}${hint}; ${known}`);
}

/** `$env`: all names as one map. */
export function emitEnv(at: number): Evaluate {
  return (rt) => {
    const names = rt.env.names();
    chargeMap(rt, names.length, at);
    const map: ValueMap = {};
    for (const name of names) setOwn(map, name, rt.env.get(name) ?? null);
    return map;
  };
}

export function emitChain(body: Node, source: string, emit: Emit): Evaluate {
  const run = emitPart(body, source, emit, true);
  return (rt) => {
    const value = run(rt);
    return value === SKIP ? null : value;
  };
}

/** A member, slice or method; `chained` when an optional one may stand before it. */
export function emitAccess(node: Access, source: string, emit: Emit, chained: boolean): Evaluate {
  if (node.t === 'member' && node.object.t === 'env') return emitEnvMember(node, source, emit);
  const object = emitPart(node.object, source, emit, chained);
  const read = emitRead(node, source, emit);
  if (!chained) return (rt) => read(rt, object(rt));
  const { optional } = node;
  return (rt) => {
    const value = object(rt);
    if (value === SKIP) return SKIP;
    if (optional && (value === null || value === undefined)) return SKIP;
    return read(rt, value);
  };
}

function emitPart(node: Node, source: string, emit: Emit, chained: boolean): Evaluate {
  const access = node.t === 'member' || node.t === 'slice' || node.t === 'method';
  return access ? emitAccess(node, source, emit, chained) : emit(node, source);
}

/** `$env.name` does not build the map. */
function emitEnvMember(node: MemberNode, source: string, emit: Emit): Evaluate {
  const { at } = node;
  const key = emit(node.key, source);
  return (rt) => {
    const name = keyOf(rt, key(rt), at);
    return rt.env.has(name) ? (rt.env.get(name) ?? null) : null;
  };
}

type Read = (rt: Runtime, object: unknown) => unknown;

function emitRead(node: Access, source: string, emit: Emit): Read {
  const { at } = node;
  if (node.t === 'method') {
    const { name } = node;
    const args = node.args.map((arg) => emit(arg, source));
    return (rt, object) =>
      callMethod(
        rt,
        object,
        name,
        args.map((arg) => arg(rt)),
        at,
      );
  }
  if (node.t === 'slice') return emitSlice(node, source, emit);
  if (node.key.t === 'const' && typeof node.key.value === 'string') {
    const key = node.key.value;
    return (rt, object) => (isMap(object) ? ownOf(object, key) : readPart(rt, object, key, at));
  }
  const key = emit(node.key, source);
  return (rt, object) => readPart(rt, object, key(rt), at);
}

function readPart(rt: Runtime, object: unknown, key: unknown, at: number): unknown {
  if (isMap(object)) return ownOf(object, keyOf(rt, key, at));
  if (isTypedMap(object)) return typedPart(rt, object, key, at) ?? null;
  if (object === null || object === undefined) {
    const name = typeof key === 'string' ? key : describe(key);
    return fail(rt, at, `cannot read ${name} of nil; write ?. when it may be nil`);
  }
  const position = plainInt(key);
  if (Array.isArray(object)) return readElement(rt, object, position, at);
  if (typeof object === 'string' && isInt(position)) {
    return readPoint(rt, object, Number(position), at);
  }
  return fail(rt, at, `cannot read ${describe(key)} of ${describe(object)}`);
}

function readElement(rt: Runtime, list: readonly unknown[], key: unknown, at: number): unknown {
  if (!isInt(key)) {
    const hint = typeof key === 'string' ? '; map(list, .name) reads it of every element' : '';
    return fail(rt, at, `an array has positions, not ${describe(key)}${hint}`);
  }
  const position = Number(key) < 0 ? list.length + Number(key) : Number(key);
  if (position >= 0 && position < list.length) return list[position] ?? null;
  return fail(rt, at, `position ${key} is outside of an array of ${list.length} elements`);
}

function readPoint(rt: Runtime, text: string, key: number, at: number): string {
  const length = textLength(rt, text, at);
  const position = key < 0 ? length + key : key;
  if (position >= 0 && position < length) return sliceText(rt, text, position, position + 1, at);
  return fail(rt, at, `position ${key} is outside of a string of ${length} characters`);
}

function emitSlice(node: SliceNode, source: string, emit: Emit): Read {
  const { at } = node;
  const from = node.from && emit(node.from, source);
  const to = node.to && emit(node.to, source);
  return (rt, object) => {
    const length = sliceableLength(rt, object, at);
    const start = from === null ? 0 : boundary(rt, from(rt), length, at);
    const end = to === null ? length : boundary(rt, to(rt), length, at);
    if (typeof object === 'string') return sliceText(rt, object, Math.min(start, end), end, at);
    chargeList(rt, Math.max(0, end - start), at);
    return Array.isArray(object) ? object.slice(start, end) : [];
  };
}

function sliceableLength(rt: Runtime, object: unknown, at: number): number {
  if (Array.isArray(object)) return object.length;
  if (typeof object === 'string') return textLength(rt, object, at);
  return fail(rt, at, `only arrays and strings have slices, not ${describe(object)}`);
}

/** A position between 0 and the length; negative ones count from the end. */
function boundary(rt: Runtime, value: unknown, length: number, at: number): number {
  const position = needCount(rt, value, 'a slice', at);
  return Math.min(length, Math.max(0, position < 0 ? length + position : position));
}
