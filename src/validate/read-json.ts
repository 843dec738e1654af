/**
 * Reads JSON, and JSON with comments, into a value and the places of its parts.
 *
 * Unlike `JSON.parse` it reports every syntax error with its place, and a key that is written twice.
 */

import {
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { Issue, IssuePath } from '../model/issue.ts';
import { type Json, setOwn } from '../model/json.ts';
import { NumberTooLarge, readNumber } from '../model/json-text.ts';
import { errorAt } from './issues.ts';
import type { DefinitionLimits } from './limits.ts';
import { createLineIndex, type PositionNode } from './positions.ts';

export interface ReadText {
  /** Undefined when the text could not be read. */
  readonly value: Json | undefined;
  readonly position: PositionNode | null;
  readonly issues: readonly Issue[];
}

const MAX_SYNTAX_ISSUES = 20;

/** Reads a text as JSON; `comments` allows comments and commas before a closing bracket. */
export function readJson(
  text: string,
  limits: DefinitionLimits,
  options: { readonly comments: boolean },
): ReadText {
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(text, errors, {
      disallowComments: !options.comments,
      allowTrailingComma: options.comments,
    });
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return unread([tooDeep([], limits)]);
  }
  if (errors.length > 0 || root === undefined) return unread(syntaxIssues(text, errors));
  const building: Building = { text, limits, issues: [] };
  const built = build(root, [], null, building);
  const fatal = building.issues.some((issue) => issue.code === 'LIMIT_EXCEEDED');
  return { ...built, value: fatal ? undefined : built.value, issues: building.issues };
}

const unread = (issues: readonly Issue[]): ReadText => ({
  value: undefined,
  position: null,
  issues,
});

/** The issue of JSON that nests too deep. */
export const tooDeep = (path: IssuePath, limits: DefinitionLimits): Issue =>
  errorAt(path.slice(0, 12), `the file nests deeper than ${limits.maxDepth} levels`, {
    code: 'LIMIT_EXCEEDED',
  });

/** The issue of a key that is written twice. */
export const writtenTwice = (path: IssuePath, key: string): Issue =>
  errorAt(path, `the key ${JSON.stringify(key)} is written twice`, {
    hint: 'remove one of them',
  });

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no JSON value (texts need double quotes)',
  InvalidNumberFormat: 'this is no JSON number',
  PropertyNameExpected: 'a key in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected here',
  CommaExpected: 'a comma is expected here',
  CloseBraceExpected: 'a closing } is expected here',
  CloseBracketExpected: 'a closing ] is expected here',
  EndOfFileExpected: 'nothing more is expected here',
  InvalidCommentToken: 'comments are for .jsonc files',
  UnexpectedEndOfComment: 'this comment is not closed',
  UnexpectedEndOfString: 'this text is not closed with a double quote',
  UnexpectedEndOfNumber: 'this number is not complete',
  InvalidUnicode: 'this \\u needs four hexadecimal digits',
  InvalidEscapeCharacter: 'this \\ escapes nothing that JSON knows',
  InvalidCharacter: 'this character must be escaped',
};

function syntaxIssues(text: string, errors: readonly ParseError[]): Issue[] {
  const lineOf = createLineIndex(text);
  if (errors.length === 0) return [errorAt([], 'the file is empty')];
  return errors.slice(0, MAX_SYNTAX_ISSUES).map(({ error, offset }) => {
    const message = SYNTAX[printParseErrorCode(error)] ?? 'this is not JSON';
    return { ...errorAt([], message), ...lineOf(offset) };
  });
}

interface Building {
  readonly text: string;
  readonly limits: DefinitionLimits;
  readonly issues: Issue[];
}

type Built = { readonly value: Json; readonly position: PositionNode };

function build(node: Node, path: IssuePath, key: number | null, building: Building): Built {
  const isNested = node.type === 'array' || node.type === 'object';
  if (isNested && path.length >= building.limits.maxDepth) {
    building.issues.push(tooDeep(path, building.limits));
    return { value: null, position: { value: node.offset, key, children: null } };
  }
  if (node.type === 'array') return buildArray(node, path, key, building);
  if (node.type === 'object') return buildObject(node, path, key, building);
  const value = node.type === 'number' ? numberIn(node, path, building) : getNodeValue(node);
  return { value: value as Json, position: { value: node.offset, key, children: null } };
}

function numberIn({ offset, length }: Node, path: IssuePath, { text, issues }: Building): Json {
  try {
    return readNumber(text.slice(offset, offset + length));
  } catch (thrown) {
    if (!(thrown instanceof NumberTooLarge)) throw thrown;
    issues.push(errorAt(path, thrown.message));
    return null;
  }
}

function buildArray(node: Node, path: IssuePath, key: number | null, building: Building): Built {
  const children = new Map<string | number, PositionNode>();
  const items = (node.children ?? []).map((child, i) => {
    const built = build(child, [...path, i], null, building);
    children.set(i, built.position);
    return built.value;
  });
  return { value: items, position: { value: node.offset, key, children } };
}

function buildObject(node: Node, path: IssuePath, key: number | null, building: Building): Built {
  const children = new Map<string | number, PositionNode>();
  const object: Record<string, Json> = {};
  for (const property of node.children ?? []) {
    const [nameNode, valueNode] = property.children ?? [];
    if (nameNode === undefined || valueNode === undefined) continue;
    const name = String(nameNode.value);
    const inner = [...path, name];
    if (children.has(name)) building.issues.push(writtenTwice(inner, name));
    const built = build(valueNode, inner, nameNode.offset, building);
    children.set(name, built.position);
    setOwn(object, name, built.value);
  }
  return { value: object, position: { value: node.offset, key, children } };
}
