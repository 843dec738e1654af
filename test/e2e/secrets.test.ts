/** A secret of the environment reaches its step and nothing that is kept or shown. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flow, newWorld, type World } from './opcode.ts';

const SECRET = 'correct-horse-battery';
let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

test('it is used, masked in all that the step yields, and in no file and no other environment', async () => {
  const file = world.file(
    'secret.json',
    flow('secret', [
      {
        id: 'say',
        action: 'shell.exec',
        params: {
          command: 'echo "$#TOKEN"; echo "$TOKEN"; echo "$TOKEN" >&2; env | grep -c SECRET',
          shell: true,
          env: { TOKEN: `\${{secrets.api-key}}` },
        },
      },
      {
        id: 'sign',
        action: 'crypto.hmac',
        params: { data: 'abc', key: `\${{secrets.api-key}}` },
      },
    ]),
  );
  const options = { env: { OPCODE_SECRET_API_KEY: SECRET } };
  const { code, json, stdout, stderr } = await world.runWith(options, 'run', file, '--json');
  expect(code).toBe(0);
  const { output } = json<{ output: { say: { stdout: string }; sign: { hash: string } } }>();
  expect(output.say.stdout.split('\n').slice(1, 3)).toEqual(['***', '0']);
  const signed = new Bun.CryptoHasher('sha256', SECRET).update('abc').digest('hex');
  expect(JSON.stringify(output.sign)).toContain(signed);
  const shown = await world.run('events', '@last', '--json');
  for (const text of [stdout, stderr, shown.stdout]) expect(text).not.toContain(SECRET);
  for (const name of readdirSync(world.home)) {
    if (!name.startsWith('opcode.db')) continue;
    expect(readFileSync(join(world.home, name)).includes(SECRET)).toBe(false);
  }
});
