/** What the doctor finds, and that looking changes nothing. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '../../src/app.ts';
import { examine } from '../../src/app-doctor.ts';
import type { Finding } from '../../src/app-doctor-finding.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { listenerOn } from '../../src/isolate/listeners.ts';
import { serve } from '../http/daemon.ts';

let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-doctor-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const configOf = (flags: Record<string, unknown> = {}): Config =>
  loadConfig({ flags: { listen_addr: ':0', ...flags }, env: { HOME: home }, home });

async function found(config: Config): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  await examine({ config, problem: null }, (finding) => findings.push(finding));
  return findings;
}

const of = (findings: readonly Finding[], area: string): readonly string[] =>
  findings.filter((each) => each.area === area).map(({ level, text }) => `${level}: ${text}`);

async function database(): Promise<void> {
  const app = await openApp(configOf(), { execute: false });
  await app.close();
}

test('a fresh home is well, and is left as it was', async () => {
  const findings = await found(configOf());
  expect(findings.filter((each) => each.level === 'fail')).toEqual([]);
  expect(of(findings, 'mcp')[0]).toMatch(/^ok: 6 tools over stdio/);
  expect(readdirSync(home)).toEqual([]);
});

test('says who may look into files, and what to do about it', async () => {
  await database();
  chmodSync(join(home, 'opcode.db'), 0o644);
  chmodSync(home, 0o755);
  const findings = await found(configOf());
  const [first, second] = findings.filter((each) => each.area === 'files');
  expect(first).toMatchObject({ level: 'warn', hint: `chmod 700 ${home}` });
  expect(second).toMatchObject({ level: 'warn', hint: `chmod 600 ${join(home, 'opcode.db')}` });
});

test('a damaged database fails, and the rest is looked at all the same', async () => {
  writeFileSync(join(home, 'opcode.db'), 'not a database '.repeat(500), { mode: 0o600 });
  const findings = await found(configOf());
  expect(of(findings, 'database')[0]).toMatch(/^fail: .*not a database/);
  expect(of(findings, 'mcp')[0]).toMatch(/^ok/);
  expect(existsSync(join(home, 'opcode.db-wal'))).toBe(false);
});

describe('the port', () => {
  test('that another process has is named with who has it', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen({ host: '127.0.0.1', port: 0 }, () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const findings = await found(configOf({ listen_addr: `127.0.0.1:${port}` }));
    expect(of(findings, 'port')[0]).toStartWith(`fail: ${port} is taken by`);
    if (process.platform === 'linux') expect(listenerOn(port)?.pid).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(listenerOn(port)).toBeNull();
  });
});

test('a daemon that lives answers, and its MCP lists the tools', async () => {
  const served = await serve();
  try {
    const findings = await found(served.home.config);
    expect(of(findings, 'daemon')[0]).toMatch(/^ok: pid \d+ at http.* answers in/);
    expect(of(findings, 'mcp')[0]).toMatch(/^ok: 6 tools over http/);
    expect(of(findings, 'port')).toEqual([]);
  } finally {
    await served.close();
  }
});

test('public without a token is a failure', async () => {
  await database();
  const findings = await found(configOf({ public: true }));
  expect(of(findings, 'access')).toContain('fail: public, and no token exists');
});

test('runs that wait for an answer need no process, and are no matter of recover', async () => {
  const app = await openApp(configOf(), { execute: true });
  const caller = { agentId: null, role: 'local', sender: 'person' } as const;
  await app.ops.run(
    { caller, exec: { cwd: home, env: {} } },
    {
      definition: {
        steps: [
          {
            id: 'ask',
            type: 'reasoning',
            config: { prompt_context: 'Well?', options: [{ id: 'yes' }] },
          },
        ],
      },
      wait: '2m',
    },
  );
  await app.close();
  const findings = await found(configOf());
  expect(of(findings, 'runs')).toEqual([expect.stringMatching(/^ok: 0 active, 1 suspended/)]);
});
