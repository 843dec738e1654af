/**
 * What the tests read out of a Markdown page: fenced blocks, inline code, links, headings, tables.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export interface Page {
  /** Absolute path. */
  readonly path: string;
  /** Path from the top of the checkout, for names of tests. */
  readonly name: string;
  readonly text: string;
  /** The text without fenced blocks. */
  readonly prose: string;
}

interface Block {
  readonly language: string;
  readonly text: string;
  /** Where it stands, `page:line`. */
  readonly at: string;
}

export const ROOT = join(import.meta.dir, '..', '..');
const SKILL = join(ROOT, 'skills', 'opcode');
const FENCE = /^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm;

/** One page. */
export function readPage(path: string): Page {
  const text = readFileSync(path, 'utf8');
  return { path, name: relative(ROOT, path), text, prose: text.replace(FENCE, '') };
}

/** A page of the reference by its name without ending. */
export const reference = (name: string): Page => readPage(join(SKILL, 'references', `${name}.md`));

/** Several pages of the reference as if they were one. */
export function referenceOf(...names: readonly string[]): Page {
  const pages = names.map(reference);
  const joined = (key: 'text' | 'prose'): string => pages.map((page) => page[key]).join('\n');
  return { path: '', name: names.join(', '), text: joined('text'), prose: joined('prose') };
}

/** Names of all pages of the reference. */
export const referenceNames = (): string[] =>
  readdirSync(join(SKILL, 'references'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -'.md'.length))
    .sort();

/** Everything a user reads: the front page, the skill and its reference. */
export function userPages(): Page[] {
  const pages = referenceNames().map((name) => join(SKILL, 'references', `${name}.md`));
  return [join(ROOT, 'README.md'), join(SKILL, 'SKILL.md'), ...pages].map(readPage);
}

/** The fenced blocks of a page. */
export function blocksOf({ text, name }: Page): Block[] {
  return [...text.matchAll(FENCE)].map(({ 1: language = '', 2: inside = '', index }) => ({
    language,
    text: inside,
    at: `${name}:${text.slice(0, index).split('\n').length}`,
  }));
}

/** The code spans of a text; a bar that a table needs escaped is a plain one. */
export const codeSpans = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code.replaceAll('\\|', '|'));

/** Rows of all tables of a page, as the texts of their cells. */
export function rowsOf({ prose }: Page): string[][] {
  const rows = prose
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[ :|-]+$/.test(line));
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

interface Link {
  readonly target: string;
  /** The page it leads to, null when it leads out of the checkout. */
  readonly file: string | null;
  readonly anchor: string | null;
}

/** The links of a page. */
export function linksOf({ prose, path }: Page): Link[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return { target, file: null, anchor: null };
    const [file = '', anchor = null] = target.split('#');
    return { target, file: file === '' ? path : resolve(dirname(path), file), anchor };
  });
}

/** What a link may name behind `#`. */
export const anchorsOf = ({ prose }: Page): string[] =>
  [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
