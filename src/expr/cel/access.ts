/**
 * Reading names, fields and indices as closures: `a.b.c` with constant names is one loop over the
 * data, `has()` takes what is missing on the way for "no".
 */
import { KIND } from '../expr-lang/time-values.ts';
import type { CelNode, Selection } from './ast.ts';
import { constantPath, selection } from './ast.ts';
import { CelFault, noOverload } from './fault.ts';
import type { CelContext, CelRuntime, Evaluate } from './runtime.ts';
import { doubleOf, entryOf, isInt, isMap, isMessage, isSpecial, isUint } from './values.ts';

/** A name or a constant path that begins with a name of the scope; null when it is none. */
export function emitPath(node: CelNode, context: CelContext): Evaluate | null {
  const path = constantPath(node);
  if (path === null) return null;
  const { segments } = path;
  const root = segments[0] as string;
  if (!path.absolute && context.variables.has(root)) return null;
  const resolved = context.names.resolve(segments, path.absolute);
  if (resolved === null) {
    return () => {
      throw new CelFault('unresolved attribute', { holder: null, key: root });
    };
  }
  const { used } = resolved;
  if (path.steps.slice(0, used - 1).some((step) => step.byIndex)) return null;
  const steps = path.steps.slice(used - 1);
  if (resolved.kind === 'value') {
    const { value } = resolved;
    return steps.length === 0 ? () => value : null;
  }
  return emitRead(resolved.name, segments, used, steps);
}

type Step = Pick<Selection, 'key' | 'byIndex'>;

function emitRead(
  name: string,
  segments: readonly string[],
  used: number,
  steps: readonly Step[],
): Evaluate {
  const keys = steps.map(({ key, byIndex }) => (byIndex ? Number(key) : key));
  const { length } = keys;
  return (rt) => {
    let value = rt.root(name);
    if (value === undefined) {
      throw new CelFault('unresolved attribute', { holder: null, key: segments[0] as string });
    }
    for (let i = 0; i < length; i += 1) {
      const key = keys[i] as string | number;
      let next: unknown;
      if (typeof key === 'string') next = fieldOf(value, key);
      else if (Array.isArray(value)) next = value[key];
      else next = elementOf(value, key);
      if (next === undefined) throw absent(segments.slice(0, used + i), value, key);
      value = next;
    }
    return value;
  };
}

/** A field by its name, undefined when there is none. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (isSpecial(value)) {
    if (value[KIND] === 'map') return value.get(name);
    return value[KIND] === 'message' ? value.field(name) : undefined;
  }
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** `operand.name` and `operand["name"]`. */
export function emitField(step: Selection, context: CelContext): Evaluate {
  const operand = context.emit(step.operand, context);
  const holder = constantPath(step.operand)?.segments ?? null;
  const { key } = step;
  return (rt) => {
    const value = operand(rt);
    const field = fieldOf(value, key);
    if (field !== undefined) return field;
    throw absent(holder, value, key);
  };
}

/** `operand[index]` with any index. */
export function emitIndex(operandNode: CelNode, indexNode: CelNode, context: CelContext): Evaluate {
  const operand = context.emit(operandNode, context);
  const index = context.emit(indexNode, context);
  const holder = constantPath(operandNode)?.segments ?? null;
  return (rt) => {
    const value = operand(rt);
    const key = index(rt);
    if (Array.isArray(value) && Number.isSafeInteger(key)) {
      const item: unknown = value[key as number];
      if (item !== undefined) return item;
    }
    const item = elementOf(value, key);
    if (item === undefined) throw absent(holder, value, key);
    return item;
  };
}

/** An element of a list or the value of a key, undefined when there is none: of a scalar never. */
function elementOf(value: unknown, key: unknown): unknown {
  const position = positionOf(key);
  const isKey = typeof key === 'string' || position !== null || doubleOf(key) !== null;
  if (Array.isArray(value)) {
    if (position !== null) return value[position];
    if (isKey) return undefined;
    throw noOverload('_[_]', [value, key]);
  }
  if (!isKey && typeof key !== 'boolean') throw new CelFault('unsupported key type');
  return isMap(value) ? entryOf(value, key) : undefined;
}

/** The number of an int, a uint or a whole double, null for anything else. */
function positionOf(key: unknown): number | null {
  if (isInt(key)) return Number(key);
  if (isUint(key)) return Number(key.value);
  const double = doubleOf(key);
  return double !== null && Number.isInteger(double) ? double : null;
}

function absent(holder: readonly string[] | null, value: unknown, key: unknown): CelFault {
  const name = isUint(key) ? String(key.value) : String(doubleOf(key) ?? key);
  const message = Array.isArray(value)
    ? `index ${name} out of bounds [0, ${value.length})`
    : `field not found: ${name}`;
  return new CelFault(message, { holder, key: name });
}

/** `has(operand.name)`: presence of the key decides, also when its value is null. */
export function emitHas(operandNode: CelNode, name: string, context: CelContext): Evaluate {
  const operand = emitSoft(operandNode, context);
  return (rt) => {
    const value = operand(rt);
    if (isMessage(value)) return value.has(name);
    return fieldOf(value, name) !== undefined;
  };
}

/** As the node says, but undefined where a field on the way is missing. */
function emitSoft(node: CelNode, context: CelContext): Evaluate {
  const step = selection(node);
  if (step === null || step.byIndex || emitsWhole(node, context)) {
    return context.emit(node, context);
  }
  const operand = emitSoft(step.operand, context);
  const { key } = step;
  return (rt: CelRuntime) => fieldOf(operand(rt), key);
}

/** True for a dotted name that is one variable or type. */
function emitsWhole(node: CelNode, context: CelContext): boolean {
  const path = constantPath(node);
  if (path === null || (!path.absolute && context.variables.has(path.segments[0] as string))) {
    return false;
  }
  return context.names.resolve(path.segments, path.absolute)?.used === path.segments.length;
}
