/**
 * What the front page, the skill and the reference show can be used as it stands: workflows are
 * valid, settings are settings, command lines can be typed, links lead somewhere.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { isJsonObject, type Json } from '../../src/model/json.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { commandLinesOf, problemsOf } from './command-lines.ts';
import { anchorsOf, blocksOf, linksOf, readPage, userPages } from './markdown.ts';

const PAGES = userPages();
const CALLER: CallContext = {
  caller: { agentId: 'reader', role: 'local', sender: 'person' },
  exec: null,
};

let home = '';
let app: App | null = null;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'opcode-docs-'));
  app = await openApp(loadConfig({ flags: {}, env: {}, home }), { execute: false });
});

afterAll(async () => {
  await app?.close();
  rmSync(home, { recursive: true, force: true });
});

/** Problems of a workflow, warnings included, by line of the snippet. */
async function problemsOfWorkflow(text: string): Promise<string[]> {
  const result = await app?.ops.validate(CALLER, { source: { text, format: 'json' } });
  return (result?.issues ?? []).map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

/** Problems of a JSON snippet that is no workflow: settings, or how a client starts the server. */
async function problemsOfOther(text: string, value: Json): Promise<string[]> {
  const servers = isJsonObject(value) ? value.mcpServers : undefined;
  if (!isJsonObject(servers)) {
    writeFileSync(join(home, 'settings.json'), text);
    loadConfig({ flags: {}, env: {}, home });
    return [];
  }
  const lines = Object.values(servers).map((server) =>
    isJsonObject(server) ? [server.command, server.args].flat().join(' ') : '',
  );
  return (await Promise.all(lines.map(problemsOf))).flat();
}

const isWorkflow = (value: Json): boolean =>
  isJsonObject(value) && (Object.hasOwn(value, 'steps') || Object.hasOwn(value, 'definition'));

describe.each(PAGES.map((page) => [page.name, page] as const))('%s', (_name, page) => {
  const json = blocksOf(page).filter(({ language }) => language === 'json');

  test.each(json.map((block) => [block.at, block.text] as const))(
    'JSON at %s',
    async (_at, text) => {
      const value = JSON.parse(text) as Json;
      const problems = isWorkflow(value) ? problemsOfWorkflow(text) : problemsOfOther(text, value);
      expect(await problems).toEqual([]);
    },
  );

  test('has only command lines that can be typed', async () => {
    const problems = await Promise.all(commandLinesOf(page).map(problemsOf));
    expect(problems.flat()).toEqual([]);
  });

  test('links to what is there', () => {
    const broken = linksOf(page).filter(({ file, anchor }) => {
      if (file === null) return false;
      return !existsSync(file) || (anchor !== null && !anchorsOf(readPage(file)).includes(anchor));
    });
    expect(broken.map(({ target }) => target)).toEqual([]);
  });
});

describe('these checks', () => {
  test('see workflows, command lines and links', () => {
    const count = (of: (page: (typeof PAGES)[number]) => readonly unknown[]): number =>
      PAGES.flatMap(of).length;
    expect(
      count((page) => blocksOf(page).filter(({ text }) => text.includes('"steps"'))),
    ).toBeGreaterThan(10);
    expect(count(commandLinesOf)).toBeGreaterThan(40);
    expect(count(linksOf)).toBeGreaterThan(10);
  });

  test('find a workflow that is not valid, a command and an option that are not there', async () => {
    expect(await problemsOfWorkflow('{"steps": [{"id": "a", "action": "http.gte"}]}')).toHaveLength(
      1,
    );
    expect(await problemsOf('opcode nope')).toEqual(['there is no command nope']);
    expect(await problemsOf('opcode run a.json --nope -p a=-x -- --other')).toEqual([
      'opcode run has no option --nope',
    ]);
  });
});
