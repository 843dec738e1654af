/** The daemon's life: start, port, pid file, recovery, settings, stop. */
import { describe, expect, test } from 'bun:test';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { findDaemon, startDaemon } from '../../src/app-serve.ts';
import { loadConfig } from '../../src/config.ts';
import { startTimeOf } from '../../src/isolate/process-info.ts';
import { ASKING, call, freshHome, openSession, PURE } from '../mcp/session.ts';
import { connect, serve } from './daemon.ts';

const quiet = { write: () => undefined, pretty: false, color: false };

describe('at its start', () => {
  test('it listens on both loopback addresses, is healthy, ready and known by its pid file', async () => {
    const served = await serve();
    for (const url of served.daemon.urls) {
      expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
      expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' });
    }
    expect(new Set(served.daemon.urls.map((url) => new URL(url).port)).size).toBe(1);
    expect(findDaemon(served.home.config)).toMatchObject({ pid: process.pid, alive: true });
    await served.close();
    expect(existsSync(served.home.config.pidPath)).toBe(false);
    expect(findDaemon(served.home.config)).toBeNull();
  });

  test('a port in use is said plainly and leaves nothing behind', async () => {
    const served = await serve();
    const { port } = new URL(served.url);
    const other = freshHome({ listen_addr: `:${port}` });
    const start = startDaemon({ config: other.config, ...quiet });
    await expect(start).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `port ${port} on 127.0.0.1 is in use by another program`,
      hint: expect.stringContaining('--listen-addr'),
    });
    expect(existsSync(other.config.pidPath)).toBe(false);
    other.remove();
    await served.close();
  });

  test('a pid file whose process is gone is replaced', async () => {
    const home = freshHome({ listen_addr: ':0' });
    const first = await startDaemon({ config: home.config, ...quiet });
    const record = findDaemon(home.config);
    await first.stop();
    const { alive: _alive, ...mark } = record ?? { alive: null };
    writeFileSync(home.config.pidPath, JSON.stringify({ ...mark, pid: 1, started: '1' }));
    expect(findDaemon(home.config)?.alive).toBe(false);
    const second = await startDaemon({ config: home.config, ...quiet });
    expect(findDaemon(home.config)?.pid).toBe(process.pid);
    await second.stop();
    home.remove();
  });

  test('a second daemon of the same home is refused, by the identity of the first', async () => {
    const home = freshHome({ listen_addr: ':0' });
    const first = await startDaemon({ config: home.config, ...quiet });
    const record = findDaemon(home.config);
    expect(statSync(home.config.pidPath).mode & 0o777).toBe(0o600);
    await first.stop();
    const living = { ...record, pid: process.ppid, started: startTimeOf(process.ppid) };
    writeFileSync(home.config.pidPath, JSON.stringify(living));
    const second = startDaemon({ config: home.config, ...quiet });
    await expect(second).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `a daemon runs already: pid ${process.ppid}, ${first.urls.join(', ')}`,
    });
    expect(findDaemon(home.config)?.pid).toBe(process.ppid);
    home.remove();
  });

  test('beyond loopback is refused while there are no tokens', async () => {
    const home = freshHome({ listen_addr: ':0', public: true });
    const start = startDaemon({ config: home.config, ...quiet });
    await expect(start).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    home.remove();
  });

  test('what was left unfinished goes on', async () => {
    const home = freshHome({ listen_addr: ':0', grace: '0s', grace_unsafe: '0s' });
    const before = await openSession(home);
    const definition = {
      steps: [{ id: 'nap', type: 'wait', config: { duration: '10ms' } }, ...PURE.steps],
    };
    const { data } = await call(before.client, 'run', { definition, wait: 0 });
    await before.close();
    const daemon = await startDaemon({ config: home.config, ...quiet });
    const client = await connect(`${daemon.urls[0]}/mcp`);
    const args = { workflow_id: data.workflow_id, wait: '2m', until: 'ended' };
    expect((await call(client, 'status', args)).data.status).toBe('completed');
    await client.close();
    await daemon.stop();
    home.remove();
  });
});

describe('while it runs', () => {
  test('it takes over the log level and the spelling, and names what needs a restart', async () => {
    const served = await serve();
    const { home, daemon } = served;
    const reloaded = { log_level: 'error', 'mcp.names': 'dots', pool_size: 2 };
    const flags = { listen_addr: ':0', grace: '0s', grace_unsafe: '0s', ...reloaded };
    const config = loadConfig({ flags, env: {}, home: home.path });
    expect(daemon.reload(config)).toEqual(['pool_size']);
    const client = await connect(`${served.url}/mcp`);
    expect((await client.listTools()).tools[0]?.name).toBe('opcode.run');
    await client.close();
    await served.close();
  });
});

describe('at its stop', () => {
  test('who waits is answered, and an open stream does not hold it', async () => {
    const served = await serve();
    const client = await connect(`${served.url}/sse`);
    const definition = { steps: [{ id: 'nap', type: 'wait', config: { duration: '1h' } }] };
    const started = await call(client, 'run', { definition, wait: 0 });
    const { workflow_id } = started.data;
    const waiting = call(client, 'status', { workflow_id, wait: '5m', until: 'ended' });
    await call(client, 'status', { workflow_id });
    const stopped = served.daemon.stop();
    expect((await waiting).data.status).toBe('active');
    await stopped;
    await served.close();
  });

  test('a decision that is open stays open for the next one', async () => {
    const home = freshHome({ listen_addr: ':0', grace: '0s', grace_unsafe: '0s' });
    const first = await startDaemon({ config: home.config, ...quiet });
    const client = await connect(`${first.urls[0]}/mcp`);
    const { data } = await call(client, 'run', { definition: ASKING });
    await client.close();
    await first.stop();
    const second = await startDaemon({ config: home.config, ...quiet });
    const next = await connect(`${second.urls[0]}/mcp`);
    const answer = {
      workflow_id: data.workflow_id,
      signal_type: 'decision',
      payload: { choice: 'no' },
    };
    expect((await call(next, 'signal', answer)).data.status).toBe('completed');
    await next.close();
    await second.stop();
    home.remove();
  });
});
