/** Commands on a server that OPCODE_URL names: what works there, and what says that it cannot. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';
import { post, type Served, serve } from '../http/daemon.ts';

let served: Served;
let folder: string;
beforeAll(async () => {
  served = await serve();
  folder = mkdtempSync(join(tmpdir(), 'opcode-remote-'));
});
afterAll(async () => {
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

const DEFINITION = {
  name: 'ship',
  definition: {
    steps: [
      { id: 'say', action: 'shell.exec', params: { command: 'echo', args: ['hello'] } },
      {
        id: 'ask',
        type: 'reasoning',
        depends_on: ['say'],
        config: { prompt_context: 'Go?', options: [{ id: 'yes' }, { id: 'no' }] },
      },
    ],
  },
};

/** Runs a command line that works on the server. */
async function opcode(args: readonly string[], more: Record<string, string> = {}) {
  const terminal = fakeTerminal();
  const env = { OPCODE_HOME: join(folder, 'home'), OPCODE_URL: served.url, ...more };
  const code = await execute(args, terminal, env);
  const stdout = terminal.stdout.text();
  return { code, stdout, stderr: terminal.stderr.text() };
}

test('a file is run there, asks there, is decided and looked at from here', async () => {
  const file = join(folder, 'ship.json');
  writeFileSync(file, JSON.stringify(DEFINITION));
  const ran = await opcode(['run', file]);
  expect(ran.code).toBe(7);
  expect(ran.stderr).toContain('hello');
  const run = await opcode(['status', '@last', '--json']);
  expect(JSON.parse(run.stdout)).toMatchObject({ status: 'suspended', name: 'ship' });
  const decided = await opcode(['decide', '@last', 'yes']);
  expect(decided.code).toBe(0);
  const events = await opcode(['events', '@last', '--json', '--follow']);
  expect(events.stdout.trimEnd().split('\n').at(-1)).toContain('workflow_completed');
  expect((await opcode(['logs', '@last', 'say'])).stdout).toBe('hello\n');
  expect((await opcode(['diagram', '@last'])).stdout).toContain('say');
  expect(existsSync(join(folder, 'home', 'opcode.db'))).toBe(false);
});

test('a template is defined there and run by name, once for a key', async () => {
  const file = join(folder, 'sum.yaml');
  writeFileSync(
    file,
    'name: sum\ndefinition:\n  steps:\n    - {id: a, action: cel.eval, params: {expression: 1 + 1}}\n',
  );
  expect((await opcode(['define', file])).stdout).toContain('sum v1');
  const first = await opcode(['run', 'sum', '--idempotency-key', 'k', '--json']);
  const second = await opcode(['run', 'sum', '--idempotency-key', 'k', '--json']);
  expect(first.code).toBe(0);
  const idOf = (text: string): string => JSON.parse(text).workflow_id;
  expect(idOf(second.stdout)).toBe(idOf(first.stdout));
  const again = await opcode(['rerun', '@last', '--json']);
  expect(JSON.parse(again.stdout)).toMatchObject({ status: 'completed', again: ['a'] });
});

test('problems in a file are shown with their lines', async () => {
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, 'steps:\n  - id: a\n    actoin: x\n');
  const bad = await opcode(['run', file]);
  expect(bad.code).toBe(2);
  expect(bad.stderr).toContain(`${file}:3:13`);
});

test('exit codes follow the errors of the server', async () => {
  expect((await opcode(['status', 'feed'])).code).toBe(3);
  expect((await opcode(['query', 'workflows', '--status', 'done'])).code).toBe(2);
  expect((await opcode(['retry', '@last'])).code).toBe(4);
});

test('a server that means harm cannot move the cursor', async () => {
  const evil = '\u001b]0;owned\u0007\u001b[2J';
  const text = `┌─┐ ${evil}`;
  const drawn = { text, format: 'ascii', media_type: 'text/plain', error: { message: evil } };
  for (const status of [200, 400, 404]) {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => Response.json(drawn, { status }),
    });
    try {
      const { stdout, stderr } = await opcode(['diagram', 'ship'], {
        OPCODE_URL: server.url.origin,
      });
      expect(stdout + stderr).toContain('owned');
      expect(stdout + stderr).not.toContain('\u001b');
    } finally {
      await server.stop(true);
    }
  }
});

test('events are followed over a restore of the server, which is told', async () => {
  const event = (id: number, type: string) => ({
    id,
    workflow_id: 'r',
    sequence: id,
    event_type: type,
    timestamp: '2026-01-01T00:00:00Z',
  });
  const frame = (database: string, id: number, type: string): string =>
    `id: ${database}.${id}\ndata: ${JSON.stringify(event(id, type))}\n\n`;
  const [before, after] = ['00000000000a', '00000000000b'];
  const reset = `id: ${after}.2\nevent: reset\ndata: {"as_of":"${after}.2"}\n\n`;
  const answers = [
    frame(before, 1, 'workflow_started') + frame(before, 2, 'step_started'),
    reset,
    `${frame(after, 1, 'workflow_started')}${frame(after, 2, 'workflow_suspended')}event: end\ndata: {}\n\n`,
  ];
  for (const json of [false, true]) {
    const asked: object[] = [];
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        if (!request.url.endsWith('/followEvents')) {
          return Response.json({
            workflow_id: 'r',
            status: 'suspended',
            steps: {},
            waiting_for: [],
          });
        }
        asked.push((await request.json()) as object);
        return new Response(answers[asked.length - 1]);
      },
    });
    try {
      const url = { OPCODE_URL: server.url.origin };
      const { code, stdout, stderr } = await opcode(
        ['events', 'r', '--follow', ...(json ? ['--json'] : [])],
        url,
      );
      expect(code).toBe(0);
      const run = { workflow_id: 'r' };
      expect(asked).toEqual([run, { ...run, after: `${before}.2` }, run]);
      const lines = stdout.trimEnd().split('\n');
      expect(lines.at(-1)).toContain('workflow_suspended');
      expect(lines).toHaveLength(json ? 5 : 4);
      if (json) expect(JSON.parse(lines[2] ?? '')).toEqual({ event: 'reset', as_of: `${after}.2` });
      else expect(stderr).toContain('The database was restored or replaced.');
    } finally {
      await server.stop(true);
    }
  }
});

describe('is refused, saying why:', () => {
  test.each(['serve', 'recover', 'verify', 'mcp', 'stop'])('%s', async (command) => {
    const refused = await opcode([command]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('of its own machine');
  });

  test('running here', async () => {
    const refused = await opcode(['run', 'sum', '--local']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('OPCODE_URL names') });
  });

  test('a token in the clear', async () => {
    const url = { OPCODE_URL: 'http://opcode.example.com' };
    const refused = await opcode(['status'], url);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('not encrypted') });
  });

  test('a token file that holds none', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'two words\n');
    const refused = await opcode(['status'], { OPCODE_TOKEN_FILE: file });
    expect(refused.code).toBe(2);
    // Lines are as long as the terminal is wide.
    expect(refused.stderr.replaceAll(/\s+/g, ' ')).toContain('holds no token');
  });
});

test('with tokens: the right one is let in, no and a wrong one are not', async () => {
  const made = await post(`${served.url}/api/v1/token_create`, { role: 'viewer', name: 'board' });
  const { token } = (await made.json()) as { token: string };
  const file = join(folder, 'token');
  writeFileSync(file, `${token}\n`);
  expect((await opcode(['status'], { OPCODE_TOKEN: token })).code).toBe(0);
  expect((await opcode(['status'], { OPCODE_TOKEN_FILE: file })).code).toBe(0);
  expect((await opcode(['status'])).code).toBe(6);
  expect((await opcode(['status'], { OPCODE_TOKEN: `${token}x` })).code).toBe(6);
  const denied = await opcode(['run', 'sum'], { OPCODE_TOKEN: token });
  expect(denied).toMatchObject({ code: 6, stderr: expect.stringContaining('viewer') });
});
