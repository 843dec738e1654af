/** Whatever is listed comes in pages that fit an answer, and every page can be had. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/processes.ts';
import { DEFAULT_MAX_BYTES } from '../../src/mcp/budget.ts';
import { ASKING, call, freshHome, type Home, openSession, PURE, type Session } from './session.ts';

const MANY = 60;

let home: Home;
let session: Session;

beforeAll(async () => {
  home = freshHome();
  session = await openSession(home);
  for (let i = 0; i < MANY; i++) {
    const name = `template-${i}`;
    const description = 'What it does, in as many words as a description has. '.repeat(4);
    await call(session.client, 'define', { name, definition: PURE, description });
    await call(session.client, 'define', {
      name: `timed-${i}`,
      definition: PURE,
      triggers: { cron: [{ name: 'night', expression: '0 3 * * *', timezone: 'Europe/Berlin' }] },
    });
    const agent_id = `an-agent-with-a-rather-long-name-${i}`;
    await call(session.client, 'run', { definition: ASKING, agent_id, wait: 0 });
  }
});

afterAll(async () => {
  await session.close();
  home.remove();
});

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

type Item = Readonly<Record<string, unknown>>;

/** Every page of a resource, each within the bytes of an answer. */
async function all(resource: string, filter: object = {}): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: unknown;
  do {
    const page = { ...filter, limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const { isError, text, data } = await call(session.client, 'query', { resource, filter: page });
    if (isError) throw new Error(text);
    expect(bytes(data)).toBeLessThanOrEqual(DEFAULT_MAX_BYTES);
    expect(data.omitted).toBeUndefined();
    items.push(...(data[resource] as Item[]));
    cursor = data.next_cursor;
  } while (cursor !== undefined);
  return items;
}

describe('pages', () => {
  test.each([
    ['workflows', 'workflow_id', MANY],
    ['templates', 'name', MANY],
    ['decisions', 'id', MANY],
    ['events', 'id', MANY * 3],
    ['agents', 'agent_id', MANY],
    ['schedules', 'name', MANY],
    ['actions', 'name', 30],
    ['reference', 'name', 7],
    ['secrets', 'name', 0],
  ])('of %s', async (resource, key, least) => {
    const keys = (await all(resource)).map((item) => item[key]);
    expect(keys.length).toBeGreaterThanOrEqual(least);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test('one look shows every action, by family', async () => {
  const { data } = await call(session.client, 'query', { resource: 'actions' });
  const names = (data.actions as { name: string }[]).map(({ name }) => name);
  expect(data.next_cursor).toBeUndefined();
  for (const name of ['http.get', 'shell.exec', 'fs.write', 'jq', 'workflow.run']) {
    expect(names).toContain(name);
  }
  const families = names.map((name) => name.split('.')[0]);
  const changes = families.filter((family, i) => family !== families[i - 1]);
  expect(changes).toEqual([...new Set(families)]);
});

/** What an agent reads that follows `next` to the end. */
async function readOn(name: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let args: object | undefined = { resource: 'reference', filter: { name } };
  while (args !== undefined) {
    const { data } = await call(session.client, 'query', args);
    items.push(...(data.reference as Record<string, unknown>[]));
    args = (data.next as { arguments: object } | undefined)?.arguments;
  }
  return items;
}

test('a page is told after its contents, and says how to go on until its end', async () => {
  for (const { name, sections } of await all('reference')) {
    const [contents, ...told] = await readOn(name as string);
    const lines = contents?.sections as string[];
    expect(lines.map((line) => line.replace(/: .*$/s, ''))).toEqual(sections as string[]);
    expect([...new Set(told.map((each) => each.name))]).toEqual(sections as unknown[]);
  }
});

test('the manual is found by the anchors that the skill links and by words', async () => {
  const skill = readFileSync(join(ROOT, 'skills', 'opcode', 'SKILL.md'), 'utf8');
  const links = [...skill.matchAll(/\(references\/([a-z-]+)\.md(#[a-z-]+)?\)/g)];
  expect(links.length).toBeGreaterThan(5);
  for (const [, page, anchor = ''] of links) {
    const filter = { name: `${page}${anchor}` };
    const { isError } = await call(session.client, 'query', { resource: 'reference', filter });
    expect({ filter, isError }).toEqual({ filter, isError: false });
  }
  const filter = { name: 'webhook' };
  const { data } = await call(session.client, 'query', { resource: 'reference', filter });
  expect(JSON.stringify((data.reference as object[])[0])).toContain('X-Opcode-Signature');
});

test('the manual can be read to its last word', async () => {
  for (const { name, sections } of await all('reference')) {
    for (const section of sections as string[]) {
      const args = { resource: 'reference', filter: { name: section } };
      const found = await call(session.client, 'query', args);
      expect(bytes(found.data)).toBeLessThanOrEqual(DEFAULT_MAX_BYTES);
      const { next } = found.data as { next?: { arguments: object } };
      const whole =
        next === undefined ? found : await call(session.client, 'query', next.arguments);
      const [read] = whole.data.reference as { text: unknown }[];
      expect({ name, section, text: read?.text }).toEqual({
        name,
        section,
        text: expect.any(String),
      });
    }
  }
});

test('one item that is too long for an answer says how to get it whole', async () => {
  const definition = {
    steps: [
      {
        id: 'say',
        action: 'workflow.emit',
        params: { event_type: 'e', payload: 'x'.repeat(9000) },
      },
    ],
  };
  const { data } = await call(session.client, 'run', { definition });
  const filter = { workflow_id: data.workflow_id, event_type: 'custom' };
  const args = { resource: 'events', filter };
  const short = (await call(session.client, 'query', args)).data;
  expect(bytes(short)).toBeLessThanOrEqual(DEFAULT_MAX_BYTES);
  expect(short.omitted).toBeDefined();
  const next = short.next as { tool: string; arguments: object };
  expect(next.tool).toBe('opcode_query');
  const whole = (await call(session.client, 'query', next.arguments)).data;
  expect(whole).toMatchObject({ events: [{ payload: { payload: 'x'.repeat(9000) } }] });
});

test('what only operators may list is refused to an agent, with who may', async () => {
  const { isError, text } = await call(session.client, 'query', { resource: 'audit' });
  expect(isError).toBe(true);
  expect(text).toMatch(/^\[PERMISSION_DENIED\].*\n.*\n.*operator or admin/);
});

test('events are found by the names that they had before', async () => {
  for (const event_type of ['step_retrying', 'dag_mutated']) {
    const args = { resource: 'events', filter: { event_type } };
    const { isError, data } = await call(session.client, 'query', args);
    expect({ isError, events: data.events }).toEqual({ isError: false, events: [] });
  }
});

test('the class of http.request is told as that of its method, every other as one word', async () => {
  const effects = new Map((await all('actions')).map(({ name, effect }) => [name, effect]));
  expect(effects.get('http.request')).toBe('by method');
  expect(effects.get('http.get')).toBe('read');
  expect(effects.get('http.post')).toBe('unsafe');
  expect([...effects.values()].filter((effect) => effect === 'by method')).toHaveLength(1);
});
