/**
 * The daemon as agents meet it: ready beside many unfinished runs, idle beside many suspended ones with
 * clients attached, and a short run over MCP.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Json } from '../../../src/model/json.ts';
import { connect } from '../../http/daemon.ts';
import {
  BINARY,
  type DaemonProcess,
  putDefinition,
  recordRun,
  startBuiltDaemon,
} from '../daemon-process.ts';
import type { Round } from '../figure.ts';
import { fillDatabase } from '../filled-database.ts';
import { openStore } from '../raw-limit.ts';
import { type BenchContext, type Suite, timed } from '../suite.ts';

const SUSPENDED: Json = { steps: [{ id: 'wait', type: 'wait', config: { signal: 'go' } }] };
const SLEEPING: Json = {
  steps: [
    { id: 'note', action: 'workflow.log', params: { message: 'begun' } },
    { id: 'wait', type: 'wait', config: { duration: '1000h' }, depends_on: ['note'] },
  ],
};
/** Written as unsafe, so each is a commit before and after, and nearly no I/O of its own. */
const look = (id: string, after: string[]): Json => ({
  ...{ id, action: 'fs.stat', effect: 'unsafe', params: { path: '/' }, depends_on: after },
});
const THREE: Json = { steps: [look('a', []), look('b', ['a']), look('c', ['b'])] };

async function filledHome(
  path: string,
  definition: Json,
  runs: number,
  status: 'active' | 'suspended',
): Promise<string> {
  const home = dirname(path);
  const recording = join(home, 'recording');
  mkdirSync(recording, { recursive: true });
  const run = await recordRun(recording, definition);
  fillDatabase(path, {
    ...{ runs, prepared: run.prepared, statusOf: () => status, eventsOf: () => run.events },
    isOwned: status === 'active',
  });
  const store = openStore(path, 'full');
  putDefinition(store, run);
  store.close();
  return home;
}

async function ready(context: BenchContext, runs: number): Promise<void> {
  const rounds: Round[] = [];
  const all: Round[] = [];
  for (let round = 0; round < context.rounds(5); round++) {
    await context.withFile(async (path) => {
      const home = await filledHome(path, SLEEPING, runs, 'active');
      const began = performance.now();
      const daemon = await startBuiltDaemon(home);
      rounds.push({ samples: [daemon.readyMs] });
      await allTaken(path);
      all.push({ samples: [performance.now() - began] });
      await daemon.stop();
    });
  }
  const settings = `full, ${runs} unfinished runs`;
  context.add('daemon, from its start to ready', rounds, {
    ...{ settings, unit: 'ms', bar: { max: 300 } },
  });
  if (runs > 1) {
    context.add('daemon, from its start until all were taken on and parked', all, {
      ...{ settings, unit: 'ms', bar: { max: 5000 } },
    });
  }
}

/** Resolves when no run belongs to the process that is gone any more. */
async function allTaken(path: string): Promise<void> {
  const store = openStore(path, 'full');
  while (store.claimable(Date.now(), [], 1).length > 0) await Bun.sleep(5);
  store.close();
}

async function idle(context: BenchContext, daemon: DaemonProcess, settings: string): Promise<void> {
  const seconds = context.quick ? 2 : 20;
  await Bun.sleep(2000);
  const before = daemon.cpuSeconds();
  await Bun.sleep(seconds * 1000);
  const percent = (100 * (daemon.cpuSeconds() - before)) / seconds;
  const cpu = { settings, unit: '%', bar: { max: 0.5 } } as const;
  context.add('CPU of the idle daemon, of one core', [{ samples: [percent] }], cpu);
  const memory = { settings, unit: 'MB', bar: { max: 200 } } as const;
  context.add('resident memory of the daemon', [{ samples: [daemon.residentMb()] }], memory);
}

async function shortRuns(context: BenchContext, client: Client, settings: string): Promise<void> {
  const define = { name: 'three', definition: THREE };
  await client.callTool({ name: 'define', arguments: define });
  const samples: number[] = [];
  for (let round = 0; round < context.rounds(320); round++) {
    let status: unknown;
    const ms = await timed(async () => {
      const args = { template_name: 'three' };
      const answer = await client.callTool({ name: 'run', arguments: args });
      status = (answer.structuredContent as { status?: string } | undefined)?.status;
    });
    if (status !== 'completed') throw new Error(`a run of three steps is ${status}`);
    if (round >= 20 || context.quick) samples.push(ms);
  }
  context.add('a run of three unsafe steps over MCP, to the answer', [{ samples }], {
    ...{ settings, unit: 'ms', bar: { max: 5 } },
  });
}

async function besideSuspended(context: BenchContext, runs: number): Promise<void> {
  await context.withFile(async (path) => {
    const home = await filledHome(path, SUSPENDED, runs, 'suspended');
    const daemon = await startBuiltDaemon(home);
    try {
      const settings = `full, ${runs} suspended runs`;
      await idle(context, daemon, settings);
      const clients = await Promise.all([1, 2, 3].map(() => connect(`${daemon.url}/mcp`)));
      const feed = await fetch(`${daemon.url}/api/v1/events`);
      await idle(context, daemon, `${settings}, 3 MCP clients and an event stream`);
      await feed.body?.cancel();
      const [client] = clients;
      if (client !== undefined) await shortRuns(context, client, settings);
      for (const each of clients) await each.close();
    } finally {
      await daemon.stop();
    }
  });
}

export const daemonSuite: Suite = {
  name: 'daemon',
  about: 'the built daemon: ready, idle beside 100,000 suspended runs, short runs over MCP (--big)',
  big: true,
  async run(context) {
    if (!existsSync(BINARY)) {
      console.error('daemon: dist/opcode is not there (npm run build makes it); nothing measured');
      return;
    }
    await ready(context, 1);
    await ready(context, context.quick ? 200 : 10_000);
    await besideSuspended(context, context.quick ? 1000 : 100_000);
  },
};
