/**
 * The protocol's own conformance runner: against the executable what applies to it, against the
 * fixture server (on the same transports) everything that it asks of a server.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { TEST_MS } from '../../support/patience.ts';
import { type Fixture, startFixture } from '../fixture-server.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';
import { findPrograms, runProgram } from './programs.ts';

const programs = await findPrograms();

/** Revisions of the protocol for which the runner has a fixed list of what they require. */
const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
type Revision = (typeof REVISIONS)[number];

/** What needs no `test_*` tool, prompt or resource of the server. */
const FOR_ANY_SERVER: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': [
    'server-initialize',
    'server-session-lifecycle',
    'logging-set-level',
    'ping',
    'tools-list',
    'server-sse-multiple-streams',
    'resources-list',
    'prompts-list',
    'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'tools-list',
    'server-sse-multiple-streams',
    'resources-list',
    'sep-2164-resource-not-found',
    'prompts-list',
    'dns-rebinding-protection',
    'caching',
    'http-header-validation',
    'input-required-result-unsupported-methods',
    'input-required-result-validate-input',
  ],
};

/** What the runner itself does not count, and why it is not here. */
const NOT_HERE: ReadonlySet<string> = new Set([
  // Streams that are resumed: a lost one is asked again, and the run goes on.
  'server-sse-polling',
  // Arguments in headers, which no tool has.
  'http-custom-header-server-validation',
]);
const isExtension = (name: string): boolean => name.startsWith('tasks-');

let daemon: DaemonProcess;
let fixture: Fixture;

beforeAll(async () => {
  daemon = await startDaemonProcess();
  fixture = startFixture();
});

afterAll(async () => {
  await fixture.close();
  await daemon.stop();
});

/** Scenarios by name, with what was printed about them. */
async function conform(url: string, revision: Revision): Promise<Map<string, string>> {
  if (programs === null) throw new Error('the runner is not installed');
  const args = ['server', '--url', `${url}/mcp`, '--requirements', revision];
  const { stdout } = await runProgram(programs.conformance, args, daemon.world);
  const lines = [...stdout.matchAll(/^([✓✗]) (\S+): (\d+ passed, \d+ failed)/gm)];
  return new Map(lines.map(([, mark, name = '', counts]) => [name, `${mark} ${counts}`]));
}

const failedOf = (found: ReadonlyMap<string, string>): string[] =>
  [...found].filter(([, said]) => said.startsWith('✗')).map(([name, said]) => `${name} ${said}`);

describe.if(programs !== null).each(REVISIONS)('protocol %s', (revision) => {
  test(
    'the executable does what applies to it',
    async () => {
      const found = await conform(daemon.url, revision);
      const said = Object.fromEntries(
        FOR_ANY_SERVER[revision].map((name) => [name, found.get(name)]),
      );
      const passed = expect.stringMatching(/^✓ [1-9]\d* passed, 0 failed$/);
      expect(said).toEqual(
        Object.fromEntries(FOR_ANY_SERVER[revision].map((name) => [name, passed])),
      );
    },
    TEST_MS,
  );

  test(
    'the fixture does everything, on the same transports',
    async () => {
      const found = await conform(fixture.url, revision);
      const wanted = [...found].filter(([name]) => !NOT_HERE.has(name) && !isExtension(name));
      expect(wanted.length).toBeGreaterThan(30);
      expect(failedOf(new Map(wanted))).toEqual([]);
    },
    TEST_MS,
  );
});
