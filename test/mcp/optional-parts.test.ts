/** Optional parts of a message that are null or none at all count as left out; they fail no request. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { post } from '../http/daemon.ts';
import { openWorld, session, type World } from './ends-world.ts';
import { freshHome, type Home } from './session.ts';

let home: Home;
let world: World;

beforeAll(async () => {
  home = freshHome();
  world = await openWorld(home);
});

afterAll(async () => {
  await world.close();
  home.remove();
});

async function asked(method: string, params: unknown): Promise<string> {
  const headers = await session(world);
  const response = await post(
    `${world.url}/mcp`,
    { jsonrpc: '2.0', id: 7, method, params },
    headers,
  );
  return response.text();
}

const query = { name: 'query', arguments: { resource: 'agents' } };
const withMeta = (_meta: unknown): object => ({ ...query, _meta });

test.each([
  ['tools/call', withMeta({ progressToken: null })],
  ['tools/call', withMeta({ progressToken: {} })],
  ['tools/call', withMeta({ progressToken: [] })],
  ['tools/call', withMeta({ progressToken: 1.5 })],
  ['tools/call', withMeta({ progressToken: 2 ** 60 })],
  ['tools/call', withMeta({ progressToken: true })],
  ['tools/call', withMeta({ progressToken: '' })],
  ['tools/call', withMeta({ progressToken: 0 })],
  ['tools/call', withMeta(null)],
  ['tools/call', withMeta([])],
  ['tools/call', withMeta('x')],
  ['tools/list', null],
  ['ping', { _meta: { progressToken: [] } }],
  ['resources/list', { _meta: { progressToken: null } }],
])('%s %j is answered', async (method, params) => {
  expect(await asked(method, params)).toMatch(/"result":.*"id":7/);
});

test('arguments that are null are those of a call without any', async () => {
  const text = await asked('tools/call', { name: 'query', arguments: null });
  expect(text).toBe(await asked('tools/call', { name: 'query' }));
  expect(text).toContain('resource');
});
