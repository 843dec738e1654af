/** Secrets of a run stay out of everything that is kept and shown, however a later step comes by them. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECRETS, SPELLINGS } from '../support/secret-cells.ts';
import { flow, newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const secret = (name: string): string => `\${{secrets.${name}}}`;

/** Every byte of every file of the home but the programs' settings. */
const kept = (): string =>
  readdirSync(world.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

describe('every secret in every spelling, from a step that does not use it', () => {
  test('is in no file, answer, log, backup or prompt', async () => {
    const env: Record<string, string> = {};
    SECRETS.forEach((value, at) => {
      env[`OPCODE_SECRET_S${at}`] = value;
    });
    const cells = SECRETS.flatMap((value) =>
      Object.values(SPELLINGS).map((spell) => spell(value) ?? ''),
    );
    world.file('cells.txt', cells.join('\n== cell ==\n'));
    const used = Object.fromEntries(SECRETS.map((_, at) => [`S${at}`, secret(`s${at}`)]));
    const cat = { id: 'cat', run: 'cat cells.txt' };
    const file = world.file(
      'cells.json',
      flow('cells', [
        { id: 'use', run: 'true', params: { env: used } },
        { id: 'read', action: 'fs.read', params: { path: 'cells.txt' }, depends_on: ['use'] },
        { ...cat, depends_on: ['use'] },
        {
          id: 'fail',
          run: 'cat cells.txt >&2; exit 3',
          depends_on: ['use'],
          on_error: { strategy: 'ignore' },
        },
        {
          id: 'log',
          action: 'workflow.log',
          params: { message: `\${{steps.read.content}}` },
        },
        {
          id: 'ask',
          type: 'reasoning',
          depends_on: ['log', 'cat', 'fail'],
          config: { prompt_context: `\${{steps.cat.stdout}}`, options: [{ id: 'yes' }] },
        },
      ]),
    );
    const started = await world.runWith({ env }, 'run', file, '--json', '--detach');
    expect(started.stderr).toBe('');
    const said = [started];
    for (const words of [
      ['recover', '--json'],
      ['status', '@last', '--json'],
      ['status', '@last'],
      ['events', '@last', '--json'],
      ['logs', '@last'],
      ['query', 'decisions', '--json'],
      ['backup', join(world.home, 'copy.db')],
    ]) {
      said.push(await world.runWith({ env }, ...words));
    }
    expect(said.map(({ code }) => code)).not.toContain(70);
    expect(said[2]?.json<{ status: string }>().status).toBe('suspended');
    const everything = [kept(), ...said.flatMap(({ stdout, stderr }) => [stdout, stderr])].join(
      '\n',
    );
    const pieces = new Set(cells.flatMap((cell) => cell.match(/[A-Za-z0-9]{11,}/g) ?? []));
    const ordinary = 'AuthorizationZXhhbXBsZQ';
    const leaked = [...pieces].filter((p) => everything.includes(p) && !ordinary.includes(p));
    expect(leaked).toEqual([]);
    expect(everything).toContain('== cell ==');
  });
});

describe('the secrets of a run', () => {
  const KEY = 'hunter2-hunter2-hunter2';
  const env = { OPCODE_SECRET_KEY: KEY };
  const use = { id: 'use', run: 'true', params: { env: { KEY: secret('key') } } };
  const cat = { id: 'cat', run: 'cat key.txt' };

  beforeEach(() => {
    world.file('key.txt', `key=${KEY}\n`);
  });

  test('are masked before the step that uses them, as the definition names them', async () => {
    const file = world.file('a.json', flow('a', [cat, { ...use, depends_on: ['cat'] }]));
    expect((await world.runWith({ env }, 'run', file)).code).toBe(0);
    expect(kept()).not.toContain(KEY);
  });

  test('are masked in the runs that it starts, and in itself what those have used', async () => {
    await world.run('define', world.file('uses.json', flow('uses', [use])), '--name', 'uses');
    await world.run('define', world.file('reads.json', flow('reads', [cat])), '--name', 'reads');
    const call = (id: string, name: string, more: object = {}): object => ({
      id,
      action: 'workflow.run',
      params: { template_name: name, ...more },
    });
    const order = { order: 'sequence' };
    const steps = [call('one', 'uses'), call('two', 'reads'), cat];
    const file = world.file('b.json', { name: 'b', definition: { ...order, steps } });
    expect((await world.runWith({ env }, 'run', file)).code).toBe(0);
    const detached = [use, call('two', 'reads', { wait: false })];
    const other = world.file('c.json', { name: 'c', definition: { ...order, steps: detached } });
    expect((await world.runWith({ env }, 'run', other)).code).toBe(0);
    expect((await world.runWith({ env }, 'recover')).code).toBe(0);
    expect(kept()).not.toContain(KEY);
    expect(kept()).toContain('key=');
  });

  test('are not masked in another run, which has not used them', async () => {
    const file = world.file('d.json', flow('d', [cat]));
    const { stdout } = await world.runWith({ env }, 'run', file, '--json');
    expect(stdout).toContain(KEY);
  });

  test('whose value is gone after a restart: it goes on, and says once that it cannot mask them', async () => {
    const wait = { id: 'wait', type: 'wait', config: { signal: 'go' }, depends_on: ['use'] };
    const file = world.file('e.json', flow('e', [use, wait, { ...cat, depends_on: ['wait'] }]));
    expect((await world.runWith({ env }, 'run', file, '--json')).code).toBe(5);
    for (const word of ['pause', 'resume']) await world.run(word, '@last', '--json');
    const gone = await world.run('signal', '@last', 'data', '--name', 'go', '--json');
    expect(gone.code).toBe(0);
    const { stdout } = await world.run('events', '@last', '--json');
    expect(stdout.match(/"masking_incomplete"/g)?.length).toBe(1);
    const status = await world.run('status', '@last', '--json');
    expect(status.json().masking_incomplete).toEqual(['key']);
    expect((await world.run('status', '@last')).stdout).toContain('unmasked  key: used before');
  });

  /** A run waits with the secrets of before, and goes on with those of now: what it says of them. */
  const resumed = async (file: string, now: Record<string, string>): Promise<string[]> => {
    const started = await world.runWith({ env }, 'run', file, '--json');
    expect(started.code).toBe(5);
    const run = started.json<{ workflow_id: string }>().workflow_id;
    const tell = (...words: string[]) => world.runWith({ env: now }, ...words, '--json');
    for (const word of ['pause', 'resume']) await tell(word, run);
    expect((await tell('signal', run, 'data', '--name', 'go')).code).toBe(0);
    const { stdout } = await tell('events', run);
    const said = stdout.match(/"masking_incomplete"/g) ?? [];
    const status = (await tell('status', run)).json<{ masking_incomplete?: string[] }>();
    return [String(said.length), ...(status.masking_incomplete ?? [])];
  };
  const wait = { id: 'wait', type: 'wait', config: { signal: 'go' }, depends_on: ['use'] };

  test('that have another value after a restart: the new one is masked, of the old one it is said once', async () => {
    const NEW = 'another-key-of-this-year';
    world.file('key.txt', `key=${NEW}\n`);
    const file = world.file('g.json', flow('g', [use, wait, { ...cat, depends_on: ['wait'] }]));
    expect(await resumed(file, { OPCODE_SECRET_KEY: NEW })).toEqual(['1', 'key']);
    expect(kept()).not.toContain(NEW);
    expect(await resumed(file, env)).toEqual(['0']);
  });

  test('whose value is gone and which only a child has used', async () => {
    await world.run('define', world.file('uses.json', flow('uses', [use])), '--name', 'uses');
    const call = { id: 'use', action: 'workflow.run', params: { template_name: 'uses' } };
    const file = world.file('h.json', flow('h', [call, wait, { ...cat, depends_on: ['wait'] }]));
    expect(await resumed(file, {})).toEqual(['1', 'key']);
  });

  test('are masked in what a child starts to live on its own, which parents have used', async () => {
    const reads = world.file('reads.json', flow('reads', [cat]));
    await world.run('define', reads, '--name', 'reads');
    const start = (template_name: string, more: object = {}) => ({
      action: 'workflow.run',
      params: { template_name, ...more },
    });
    const middle = { id: 'apart', ...start('reads', { wait: false }) };
    await world.run('define', world.file('m.json', flow('m', [middle])), '--name', 'middle');
    const steps = [use, { id: 'call', ...start('middle'), depends_on: ['use'] }];
    expect((await world.runWith({ env }, 'run', world.file('n.json', flow('n', steps)))).code).toBe(
      0,
    );
    expect((await world.runWith({ env }, 'recover')).code).toBe(0);
    expect(kept()).not.toContain(KEY);
    expect(kept()).toContain('key=');
  });

  test('and tokens, whoever prints them', async () => {
    const { stdout } = await world.run('token', 'create', '--role', 'agent', '--json');
    const { token } = JSON.parse(stdout) as { token: string };
    const vaultKey = 'a-key-for-the-vault-55';
    world.file('token.txt', `${token} ${vaultKey}`);
    const file = world.file(
      'f.json',
      flow('f', [{ id: 'cat', run: 'cat token.txt; echo $((1+1))' }]),
    );
    const done = await world.runWith(
      { env: { OPCODE_TOKEN: 'of-the-server-itself', OPCODE_VAULT_KEY: vaultKey } },
      'run',
      file,
    );
    expect(done.stdout).toContain('2');
    expect(kept()).not.toContain(token);
    expect(kept()).not.toContain(vaultKey);
  });
});
