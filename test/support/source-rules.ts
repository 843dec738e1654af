/**
 * The rules of the code base that can be read off one source file at a time: purity, forbidden
 * constructs, names, sizes, header comments. It reads the syntax tree, so words inside comments and
 * strings never count. Import rules are not here; they are in .dependency-cruiser.cjs.
 */
import ts from 'typescript';

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly found: string;
}

type NodeRule = (node: ts.Node, file: string) => string | null;

const MAX_LINES = 400;
const MAX_HEADER_LINES = 12;
const PURE = /^src\/(model|core|expr|validate|diagram)\//;
const MAY_SPAWN = /^(src\/(isolate\/|plugins\/|runtime\/compute)|scripts\/)/;
const MAY_READ_ENVIRONMENT = /^(src\/config\.ts$|cli\/|scripts\/)/;
const EMPTY_NAMES = /^(utils?|helpers?|types|index)\.tsx?$/;

/** Globals that no pure part may name, whatever it does with them. */
const IMPURE_GLOBALS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'fetch',
  'Worker',
]);

/** `object.member` pairs that read a clock, randomness, the environment or a file. */
const IMPURE_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'process.env',
  'process.hrtime',
  'process.uptime',
  'Bun.env',
  'Bun.file',
  'Bun.write',
  'Bun.nanoseconds',
  'Bun.randomUUIDv7',
  'Bun.sleep',
  'Bun.sleepSync',
  'crypto.randomUUID',
  'crypto.randomBytes',
  'crypto.randomInt',
  'crypto.getRandomValues',
]);

const IMPURE_IMPORTS = new Set(['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues']);
const SPAWNING_MEMBERS = new Set(['Bun.spawn', 'Bun.spawnSync', 'Bun.$']);
const SPAWNING_IMPORTS = new Set(['spawn', 'spawnSync', '$']);

const member = (node: ts.Node): string | null => {
  if (!ts.isPropertyAccessExpression(node)) return null;
  const owner = node.expression;
  const global =
    ts.isPropertyAccessExpression(owner) && owner.expression.getText() === 'globalThis'
      ? owner.name.text
      : owner.getText();
  return `${global}.${node.name.text}`;
};

/** True for an identifier that stands for a value of that name, not for a property or a type. */
const namesValue = (node: ts.Node): node is ts.Identifier => {
  if (!ts.isIdentifier(node)) return false;
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return parent.expression.getText() === 'globalThis';
  }
  if (ts.isPropertyAssignment(parent) && parent.name === node) return false;
  return !(ts.isTypeNode(parent) || ts.isTypeElement(parent) || ts.isQualifiedName(parent));
};

const readsClock = (node: ts.Node): boolean => {
  const calls = ts.isNewExpression(node) || ts.isCallExpression(node);
  return calls && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0;
};

const pure: NodeRule = (node, file) => {
  if (!PURE.test(file)) return null;
  if (readsClock(node)) return node.getText();
  const access = member(node);
  if (access !== null && IMPURE_MEMBERS.has(access)) return access;
  if (ts.isImportSpecifier(node) && IMPURE_IMPORTS.has((node.propertyName ?? node.name).text)) {
    return node.getText();
  }
  return namesValue(node) && IMPURE_GLOBALS.has(node.text) ? node.text : null;
};

const spawning: NodeRule = (node, file) => {
  if (MAY_SPAWN.test(file)) return null;
  const access = member(node);
  if (access !== null && SPAWNING_MEMBERS.has(access)) return access;
  if (!ts.isImportSpecifier(node)) return null;
  const from = node.parent.parent.parent.moduleSpecifier;
  const isBun = ts.isStringLiteral(from) && from.text === 'bun';
  return isBun && SPAWNING_IMPORTS.has((node.propertyName ?? node.name).text)
    ? node.getText()
    : null;
};

const environment: NodeRule = (node, file) => {
  if (MAY_READ_ENVIRONMENT.test(file)) return null;
  const access = member(node);
  return access === 'process.env' || access === 'Bun.env' ? access : null;
};

const enums: NodeRule = (node) => (ts.isEnumDeclaration(node) ? node.name.text : null);

const defaultExport: NodeRule = (node, file) => {
  if (file.endsWith('.d.ts')) return null; // how an embedded asset is declared
  if (ts.isExportAssignment(node)) return 'export default';
  return node.kind === ts.SyntaxKind.DefaultKeyword && ts.canHaveModifiers(node.parent)
    ? 'export default'
    : null;
};

const classes: NodeRule = (node) => {
  if (!ts.isClassLike(node)) return null;
  const parents = (node.heritageClauses ?? [])
    .filter((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword)
    .flatMap((clause) => clause.types.map((type) => type.expression.getText()));
  return parents.some((name) => name.endsWith('Error')) ? null : (node.name?.text ?? 'class');
};

const emptyCatch: NodeRule = (node) =>
  ts.isCatchClause(node) && node.block.statements.length === 0 ? 'catch {}' : null;

const suppression = /@ts-(ignore|nocheck|expect-error)|biome-ignore|eslint-disable/;

const NODE_RULES: Readonly<Record<string, NodeRule>> = {
  pure,
  spawning,
  environment,
  'no-enum': enums,
  'no-default-export': defaultExport,
  'class-only-for-errors': classes,
  'no-empty-catch': emptyCatch,
};

const headerProblem = (text: string): string | null => {
  const lines = (ts.getLeadingCommentRanges(text, 0) ?? [])
    .map((range) => text.slice(range.pos, range.end))
    .filter((comment) => !comment.includes('@jsx'))
    .map((comment) => comment.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line)).length);
  const first = lines[0];
  if (first === undefined) return 'no comment that says what the file owns';
  const length = lines.length > 1 && first === 1 ? lines.reduce((sum, n) => sum + n, 0) : first;
  return length > MAX_HEADER_LINES ? `${length} header lines (at most ${MAX_HEADER_LINES})` : null;
};

const fileProblems = (file: string, text: string): [rule: string, found: string][] => {
  const problems: [string, string][] = [];
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (EMPTY_NAMES.test(name)) problems.push(['telling-file-name', name]);
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines > MAX_LINES) problems.push(['file-length', `${lines} lines (at most ${MAX_LINES})`]);
  const header = headerProblem(text);
  if (header !== null) problems.push(['file-header', header]);
  const suppressed = suppression.exec(text);
  if (suppressed !== null) problems.push(['no-suppression', suppressed[0]]);
  return problems;
};

/** Returns every broken rule of one file; `file` is its path from the root, with `/`. */
export function checkSource(file: string, text: string): Violation[] {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true, kind);
  const violations: Violation[] = fileProblems(file, text).map(([rule, found]) => ({
    file,
    line: 1,
    rule,
    found,
  }));
  const visit = (node: ts.Node): void => {
    for (const [rule, check] of Object.entries(NODE_RULES)) {
      const found = check(node, file);
      if (found === null) continue;
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      violations.push({ file, line, rule, found });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return violations;
}
