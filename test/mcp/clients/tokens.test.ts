/**
 * Clients with a token: the agent that it is bound to speaks, whatever the client calls itself. Without
 * one they are told so, and none hangs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { newWorld } from '../../e2e/opcode.ts';
import { TEST_MS } from '../../support/patience.ts';
import { PURE } from '../session.ts';
import type { ClientKind, TestClient } from './client.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';
import { inspectorKinds } from './inspector.ts';
import { mcporterKinds } from './mcporter.ts';
import { findPrograms } from './programs.ts';
import { SDK_1 } from './sdk-1.ts';
import { SDK_2 } from './sdk-2.ts';

const programs = await findPrograms();
const others = programs === null ? [] : [...mcporterKinds(programs), ...inspectorKinds(programs)];
const KINDS = [...SDK_1, ...SDK_2, ...others].filter(({ showsToken }) => showsToken === true);

let daemon: DaemonProcess;
let withToken: DaemonProcess;

beforeAll(async () => {
  daemon = await startDaemonProcess();
  const { world } = daemon;
  const made = await world.run('token', 'create', '--role', 'agent', '--agent', 'ada', '--json');
  withToken = { ...daemon, token: made.json<{ token: string }>().token };
});

afterAll(() => daemon.stop());

async function owner(kind: ClientKind, at: DaemonProcess): Promise<unknown> {
  const world = newWorld();
  try {
    return await ownerOf(await kind.connect(at, world));
  } finally {
    world.close();
  }
}

/** The agent that a run of this client belongs to. */
async function ownerOf(client: TestClient): Promise<unknown> {
  try {
    const { data } = await client.call('run', { definition: PURE });
    const filter = { workflow_id: data.workflow_id };
    const found = await client.call('query', { resource: 'workflows', filter });
    return found.data.workflows;
  } finally {
    await client.close();
  }
}

describe.each(KINDS.map((kind) => [kind.name, kind] as const))('%s', (_, kind) => {
  test(
    'speaks for the agent of its token',
    async () => {
      expect(await owner(kind, withToken)).toMatchObject([{ agent_id: 'ada' }]);
    },
    TEST_MS,
  );

  test(
    'is refused without one',
    async () => {
      await expect(owner(kind, daemon)).rejects.toThrow(/token|401|auth/i);
    },
    TEST_MS,
  );
});
