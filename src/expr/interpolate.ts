/**
 * Builds a template's value over a scope.
 *
 * Substituted text is never looked at again: text is joined from compiled pieces, once. The first
 * failure or pending request ends the building. Secrets leave an empty string at their place and a
 * reference with the place's pointer.
 */
import type { SecretRef } from '../model/expression.ts';
import { type Json, setOwn } from '../model/json.ts';
import { type Evaluation, evaluateChoice, secretRefused } from './evaluate-operand.ts';
import { badEvaluation, failed, type Outcome } from './failures.ts';
import type { Choice, EntryNode, TemplateNode, TextNode } from './operand.ts';
import { resolvePath } from './path.ts';
import { pointerOf, refsAt } from './secret-refs.ts';

interface Building extends Evaluation {
  /** What ended the building early. */
  stop: Outcome | null;
  readonly refs: SecretRef[];
  /** Keys from the template's top to the node being built. */
  readonly at: (string | number)[];
  textBytes: number;
}

/** The value of a compiled template, with the secrets it carries. */
export function interpolate(node: TemplateNode, evaluation: Evaluation): Outcome {
  const building: Building = { ...evaluation, stop: null, refs: [], at: [], textBytes: 0 };
  const value = build(node, building);
  if (building.stop !== null) return building.stop;
  return building.refs.length === 0
    ? { kind: 'value', value }
    : { kind: 'value', value, secretRefs: building.refs };
}

function build(node: TemplateNode, building: Building): Json {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'whole':
      return buildWhole(node.choice, node.secrets, building);
    case 'text':
      return buildText(node, building);
    case 'list':
      return buildList(node.items, building);
    case 'object':
      return buildObject(node.entries, building);
  }
}

function buildList(items: readonly TemplateNode[], building: Building): Json {
  const list: Json[] = [];
  for (const [i, item] of items.entries()) {
    building.at.push(i);
    list.push(build(item, building));
    building.at.pop();
    if (building.stop !== null) return null;
  }
  return list;
}

function buildObject(entries: readonly EntryNode[], building: Building): Json {
  const object: Record<string, Json> = {};
  for (const { key, value } of entries) {
    const name = typeof key === 'string' ? key : buildKey(key, object, building);
    if (building.stop !== null) return null;
    building.at.push(name);
    const built = build(value, building);
    building.at.pop();
    if (building.stop !== null) return null;
    setOwn(object, name, built);
  }
  return object;
}

function buildKey(node: TextNode, object: Record<string, Json>, building: Building): string {
  const name = String(buildText(node, building));
  if (building.stop === null && Object.hasOwn(object, name)) {
    building.stop = badEvaluation(`the key "${name}" comes out twice in one object`);
  }
  return name;
}

function buildWhole(choice: Choice, secrets: boolean, building: Building): Json {
  const plain = plainValue(choice, building);
  if (plain !== undefined) return plain;
  const outcome = evaluateChoice(choice, building);
  if (outcome.kind !== 'value') {
    building.stop = outcome;
    return null;
  }
  const { value, secretRefs } = outcome;
  if (secretRefs === undefined) return value;
  if (secrets) building.refs.push(...refsAt(secretRefs, pointerOf(building.at)));
  else building.stop = secretRefused(secretRefs[0] as SecretRef);
  return value;
}

/** The common case, a single path that has a value and cannot carry a secret. */
function plainValue(choice: Choice, { scope }: Building): Json | undefined {
  if (choice.operands.length !== 1) return undefined;
  const operand = choice.operands[0];
  if (operand?.kind !== 'path') return undefined;
  if (operand.path.segments[0] === 'inputs' && scope.inputSecrets().length > 0) return undefined;
  return resolvePath(operand.path, scope);
}

/** Joins the pieces of a text; with a secret among them, an empty string and its parts. */
function buildText(node: TextNode, building: Building): Json {
  let text = '';
  let parts: SecretRef['parts'][number][] | null = null;
  for (const part of node.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const outcome = evaluateChoice(part, building);
    if (outcome.kind !== 'value') {
      building.stop = outcome;
      return '';
    }
    if (outcome.secretRefs === undefined) {
      text += textOf(outcome.value);
      continue;
    }
    const secret = secretPart(outcome.secretRefs, node, building);
    if (secret === null) return '';
    parts = [...(parts ?? []), ...(text === '' ? [] : [text]), ...secret];
    text = '';
  }
  if (!chargeText(text, building)) return '';
  if (parts === null) return text;
  if (text !== '') parts.push(text);
  building.refs.push({ at: pointerOf(building.at), parts: joined(parts) });
  return '';
}

function secretPart(
  refs: readonly SecretRef[],
  node: TextNode,
  building: Building,
): SecretRef['parts'] | null {
  const first = refs[0] as SecretRef;
  if (!node.secrets) {
    building.stop = secretRefused(first);
    return null;
  }
  if (refs.length === 1 && first.at === '') return first.parts;
  building.stop = failed(
    'VALIDATION_ERROR',
    'an object or list that carries a secret cannot be put into a text: pass the secret itself',
  );
  return null;
}

/** Neighbouring literal texts made one. */
function joined(parts: readonly SecretRef['parts'][number][]): SecretRef['parts'] {
  const result: SecretRef['parts'][number][] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === 'string' && typeof last === 'string')
      result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result;
}

function chargeText(text: string, building: Building): boolean {
  const { maxTextBytes, maxTemplateTextBytes } = building.limits;
  const bytes = text.length * 3 <= maxTextBytes ? text.length : Buffer.byteLength(text);
  building.textBytes += bytes;
  if (bytes > maxTextBytes) {
    building.stop = failed(
      'OUTPUT_TOO_LARGE',
      `the interpolated text has ${bytes} bytes, more than the ${maxTextBytes} allowed`,
    );
  } else if (building.textBytes > maxTemplateTextBytes) {
    building.stop = failed(
      'OUTPUT_TOO_LARGE',
      `the interpolated texts together have more than the ${maxTemplateTextBytes} bytes allowed`,
    );
  }
  return building.stop === null;
}

/** A value inside longer text: null is empty, whole numbers have all their digits, the rest JSON. */
function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 1e21) {
    return String(BigInt(value));
  }
  return JSON.stringify(value);
}
