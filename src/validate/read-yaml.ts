/**
 * Reads YAML 1.2 into a JSON value and the places of its parts.
 *
 * Anchors may be used, but not to blow a text up: what aliases stand for counts as if it was written
 * out. The merge key `<<` takes the entries of other maps, over which those beside it win. Keys are texts; what JSON cannot hold (tags, `.inf`, keys that are lists) is an issue.
 */

import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonObject, type Json, setOwn } from '../model/json.ts';
import { NumberTooLarge, readNumber } from '../model/json-text.ts';
import { errorAt } from './issues.ts';
import type { DefinitionLimits } from './limits.ts';
import { createLineIndex, type PositionNode } from './positions.ts';
import { type ReadText, tooDeep, writtenTwice } from './read-json.ts';

interface Built {
  readonly value: Json;
  readonly position: PositionNode;
  /** About the bytes the value takes as JSON, aliases spelled out. */
  readonly bytes: number;
  readonly depth: number;
  /** Aliases in it, those of what they stand for included. */
  readonly aliases: number;
}

interface Building {
  readonly limits: DefinitionLimits;
  readonly issues: Issue[];
  readonly anchors: Map<string, Built>;
  bytes: number;
  aliases: number;
}

type YamlNode = ParsedNode | null | undefined;

const MAX_SYNTAX_ISSUES = 20;

/** Reads a text as one YAML document. */
export function readYaml(text: string, limits: DefinitionLimits): ReadText {
  const { document, problems } = parse(text);
  // The library reports its own overflow as a problem of the text.
  if (problems.some(({ message }) => message.includes('call stack'))) {
    return { value: undefined, position: null, issues: [tooDeep([], limits)] };
  }
  if (problems.length > 0 || document === null) {
    const lineOf = createLineIndex(text);
    const issues = problems.map(({ message, pos }) => ({
      ...errorAt([], `this is not YAML as it is read here: ${message}`),
      ...lineOf(pos[0]),
    }));
    return { value: undefined, position: null, issues };
  }
  const building: Building = { limits, issues: [], anchors: new Map(), bytes: 0, aliases: 0 };
  const built = build(document.contents as YamlNode, [], null, building);
  const fatal = building.issues.some((issue) => issue.code === 'LIMIT_EXCEEDED');
  if (building.bytes > limits.maxBytes && !fatal) {
    const message = `with its aliases spelled out the file takes more than ${limits.maxBytes} bytes`;
    building.issues.push(errorAt([], message, { code: 'LIMIT_EXCEEDED' }));
  } else if (building.aliases > limits.maxAliases) {
    const message = `the file uses aliases more than ${limits.maxAliases} times`;
    const hint = 'write some of it out, or put shared values into `defaults`';
    building.issues.push(errorAt([], message, { code: 'LIMIT_EXCEEDED', hint }));
  }
  const usable =
    !fatal && building.bytes <= limits.maxBytes && building.aliases <= limits.maxAliases;
  return {
    value: usable ? built.value : undefined,
    position: built.position,
    issues: building.issues,
  };
}

interface Parsed {
  readonly document: Document.Parsed | null;
  readonly problems: readonly {
    readonly message: string;
    readonly pos: readonly [number, number];
  }[];
}

/** The one document of a text; a text full of errors is given up after the first of them. */
function parse(text: string): Parsed {
  const tokens: CST.Token[] = [];
  let broken = 0;
  for (const token of new Parser().parse(text)) {
    tokens.push(token);
    if (token.type === 'error') broken += 1;
    if (broken > MAX_SYNTAX_ISSUES) break;
  }
  // Keys are checked for repeats here: the library compares every key with every other.
  const composer = new Composer({ uniqueKeys: false, version: '1.2', schema: 'core' });
  const documents: Document.Parsed[] = [];
  try {
    for (const document of composer.compose(tokens, true, text.length)) {
      documents.push(document as Document.Parsed);
      if (documents.length > 1) break;
    }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return { document: null, problems: [{ message: thrown.message, pos: [0, 0] }] };
  }
  const [document = null, second] = documents;
  if (second !== undefined) {
    const message = 'the file holds several documents';
    return { document, problems: [{ message, pos: [second.range[0], second.range[1]] }] };
  }
  const problems = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  return { document, problems: problems.slice(0, MAX_SYNTAX_ISSUES) };
}

function build(node: YamlNode, path: IssuePath, key: number | null, building: Building): Built {
  if (node === null || node === undefined) return leaf(null, key ?? 0, key, building);
  const start = node.range[0];
  if (isAlias(node)) return buildAlias(node, path, key, building);
  const isNested = isMap(node) || isSeq(node);
  if (isNested && path.length >= building.limits.maxDepth) {
    building.issues.push(tooDeep(path, building.limits));
    return leaf(null, start, key, building);
  }
  const built = isNested
    ? buildNested(node, path, key, building)
    : buildScalar(node as Scalar.Parsed, path, key, building);
  const { anchor } = node as { anchor?: string };
  if (anchor !== undefined) building.anchors.set(anchor, built);
  return built;
}

function leaf(value: Json, start: number, key: number | null, building: Building): Built {
  const bytes = typeof value === 'string' ? value.length + 3 : 5;
  building.bytes += bytes;
  return { value, position: { value: start, key, children: null }, bytes, depth: 0, aliases: 0 };
}

function buildAlias(
  node: Alias.Parsed,
  path: IssuePath,
  key: number | null,
  building: Building,
): Built {
  const [start] = node.range;
  const target = building.anchors.get(node.source);
  if (target === undefined) {
    const message = `there is no anchor &${node.source} before this alias`;
    building.issues.push(errorAt(path, message));
    return leaf(null, start, key, building);
  }
  building.bytes += target.bytes;
  building.aliases += 1 + target.aliases;
  if (path.length + target.depth > building.limits.maxDepth) {
    building.issues.push(tooDeep(path, building.limits));
  }
  const aliases = 1 + target.aliases;
  return { ...target, aliases, position: { value: start, key, children: null } };
}

function buildScalar(
  node: Scalar.Parsed,
  path: IssuePath,
  key: number | null,
  building: Building,
): Built {
  const value = typeof node.value === 'number' ? numberIn(node, path, building) : node.value;
  const isJson =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value));
  if (!isJson) building.issues.push(errorAt(path, 'this value cannot be written as JSON'));
  return leaf(isJson ? (value as Json) : null, node.range[0], key, building);
}

/** A number by the rule of every door; `.inf` and `.nan` stay what JSON cannot hold. */
function numberIn({ value, source }: Scalar.Parsed, path: IssuePath, building: Building): unknown {
  if (!/^[-+]?\.?\d/.test(source)) return value;
  try {
    return readNumber(jsonNumber(source));
  } catch (thrown) {
    if (!(thrown instanceof NumberTooLarge)) throw thrown;
    building.issues.push(errorAt(path, thrown.message));
    return null;
  }
}

/** A number of YAML as JSON would write it: no plus, no leading zeros, in decimal digits. */
function jsonNumber(source: string): string {
  if (!/^0[xo]/.test(source)) return source.replace(/^\+/, '').replace(/^(-?)0+(?=\d)/, '$1');
  return Number.isFinite(Number(source)) ? String(BigInt(source)) : source;
}

function buildNested(
  node: YAMLMap.Parsed | YAMLSeq.Parsed,
  path: IssuePath,
  key: number | null,
  building: Building,
): Built {
  const before = building.bytes;
  const aliasesBefore = building.aliases;
  building.bytes += 2;
  const children = new Map<string | number, PositionNode>();
  let depth = 0;
  const add = (name: string | number, item: YamlNode, keyAt: number | null): Json => {
    const built = build(item, [...path, name], keyAt, building);
    children.set(name, built.position);
    depth = Math.max(depth, built.depth);
    return built.value;
  };
  const value = isSeq(node)
    ? node.items.map((item, i) => add(i, item as YamlNode, null))
    : buildMap(node, path, building, children, add);
  return {
    value,
    position: { value: node.range[0], key, children },
    bytes: building.bytes - before,
    depth: depth + 1,
    aliases: building.aliases - aliasesBefore,
  };
}

function buildMap(
  node: YAMLMap.Parsed,
  path: IssuePath,
  building: Building,
  children: ReadonlyMap<string | number, PositionNode>,
  add: (name: string, item: YamlNode, keyAt: number) => Json,
): Json {
  const object: Record<string, Json> = {};
  for (const pair of node.items) {
    const name = keyText(pair.key);
    const keyAt = pair.key?.range[0] ?? node.range[0];
    if (isMergeKey(pair.key)) continue;
    if (name === null) {
      building.issues.push(errorAt(path, 'a key must be a text, not a list, a map or an alias'));
      continue;
    }
    if (children.has(name)) building.issues.push(writtenTwice([...path, name], name));
    building.bytes += name.length + 4;
    setOwn(object, name, add(name, pair.value as YamlNode, keyAt));
  }
  for (const pair of node.items) {
    if (isMergeKey(pair.key)) merge(pair.value as YamlNode, object, path, building);
  }
  return object;
}

/** A plain `<<`; a quoted one is a key like any other. */
const isMergeKey = (key: ParsedNode | null): boolean =>
  isScalar(key) && key.value === '<<' && key.type === 'PLAIN';

/** Adds the entries of a map, or of a list of maps, that are not there yet: the first wins. */
function merge(
  node: YamlNode,
  object: Record<string, Json>,
  path: IssuePath,
  building: Building,
): void {
  const sources: readonly YamlNode[] = isSeq(node) ? (node.items as YamlNode[]) : [node];
  for (const source of sources) {
    const { value } = build(source, [...path, '<<'], null, building);
    if (!isJsonObject(value)) {
      const message = 'the merge key << takes a map, an alias of one, or a list of them';
      building.issues.push(errorAt(path, message));
      return;
    }
    for (const [name, item] of Object.entries(value)) {
      if (!Object.hasOwn(object, name)) setOwn(object, name, item);
    }
  }
}

/** A key as it is written: `true`, `1.0` and `null` are texts here. */
function keyText(key: ParsedNode | null): string | null {
  if (key === null || !isScalar(key)) return null;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}
