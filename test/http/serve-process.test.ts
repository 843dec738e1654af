/** `opcode serve` and `opcode stop` as processes: ready line, signals, sudden death. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ASKING, call, freshHome, type Home } from '../mcp/session.ts';
import { connect } from './daemon.ts';

const MAIN = join(import.meta.dir, '..', '..', 'cli', 'main.ts');

let home: Home;

beforeEach(() => {
  home = freshHome();
});

afterEach(() => home.remove());

const environment = () => ({
  PATH: process.env.PATH ?? '',
  HOME: home.path,
  OPCODE_HOME: home.path,
});

async function opcode(...args: string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    env: environment(),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

interface Line {
  readonly message: string;
  readonly urls?: readonly string[];
  readonly recovered?: number;
  readonly need_restart?: readonly string[];
}

/** A daemon on a free port, with the lines it logs. */
async function start() {
  const child = Bun.spawn(
    [process.execPath, MAIN, 'serve', '--listen-addr', ':0', '--log-level', 'warn'],
    {
      env: environment(),
      stdout: 'ignore',
      stderr: 'pipe',
    },
  );
  const reader = child.stderr.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const until = async (message: string): Promise<Line> => {
    for (;;) {
      const lines = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line);
      const found = lines.find((line) => line.message.startsWith(message));
      if (found !== undefined) return found;
      const { done, value } = await reader.read();
      if (done) throw new Error(`"${message}" was not logged in:\n${text}`);
      text += decoder.decode(value, { stream: true });
    }
  };
  const ready = await until('opcode is ready');
  return { child, until, ready, url: ready.urls?.[0] ?? '' };
}

describe('a daemon', () => {
  test('is stopped by `opcode stop`, which waits for its end', async () => {
    const { child } = await start();
    const stopped = await opcode('stop', '--json');
    expect(JSON.parse(stopped.stdout)).toEqual({ stopped: true, pid: child.pid });
    expect(await child.exited).toBe(0);
    const again = await opcode('stop');
    expect(again).toMatchObject({ code: 0, stdout: 'No daemon runs.\n' });
  });

  test('a second one is refused and says where the first is', async () => {
    const { child, url } = await start();
    const second = await opcode('serve');
    expect(second.code).toBe(4);
    expect(second.stderr).toContain(`a daemon runs already: pid ${child.pid}, ${url}`);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

  test('reads its settings again at SIGHUP, and a bad file changes nothing', async () => {
    const { child, until } = await start();
    writeFileSync(home.config.settingsPath, '{"pool_size": 3}');
    child.kill('SIGHUP');
    expect((await until('settings were read again')).need_restart).toEqual(['pool_size']);
    writeFileSync(home.config.settingsPath, '{"pool_size": "many"}');
    child.kill('SIGHUP');
    await until('settings were not read again');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

  test('killed in the middle, the next one takes its runs on', async () => {
    const first = await start();
    const client = await connect(`${first.url}/mcp`);
    const asked = await call(client, 'run', { definition: ASKING });
    const definition = { steps: [{ id: 'nap', type: 'wait', config: { duration: '200ms' } }] };
    const napping = await call(client, 'run', { definition, wait: 0 });
    first.child.kill('SIGKILL');
    await first.child.exited;
    const second = await start();
    const next = await connect(`${second.url}/sse`);
    const nap = { workflow_id: napping.data.workflow_id, wait: '2m', until: 'ended' };
    expect((await call(next, 'status', nap)).data.status).toBe('completed');
    const payload = { choice: 'yes' };
    const answer = { workflow_id: asked.data.workflow_id, signal_type: 'decision', payload };
    expect((await call(next, 'signal', answer)).data.status).toBe('completed');
    await Promise.all([client.close(), next.close()]);
    second.child.kill('SIGTERM');
    expect(await second.child.exited).toBe(0);
  });

  test('--public is refused without TLS', async () => {
    const plain = await opcode('serve', '--public', '--listen-addr', ':0');
    expect([plain.code, plain.stderr]).toEqual([6, expect.stringContaining('would encrypt')]);
  });

  test('--public is refused without tokens', async () => {
    const open = ['serve', '--public', '--allow-http', '--listen-addr', '127.0.0.1:0'];
    const refused = await opcode(...open);
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('no token exists')]);
  });
});
