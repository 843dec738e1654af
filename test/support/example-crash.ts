/**
 * Examples run with real actions, their log cut after each event, and a new process-worth of engine
 * going on in a copy of what the world looked like at that moment.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StubServer, startStubs } from '../../cli/examples/stub-server.ts';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { fold } from '../../src/core/evolve.ts';
import { newState } from '../../src/core/state.ts';
import type { RunEvent } from '../../src/model/event.ts';
import { asNodeId, type DefinitionHash, type RunId } from '../../src/model/ids.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { decisionRows, patchOf } from '../../src/runtime/projection.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { PATIENCE_MS } from './patience.ts';
import { planOf } from './plan-of.ts';
import { startFacts } from './test-engine.ts';

type App = Awaited<ReturnType<typeof openApp>>;

interface Example {
  readonly workflow: Json;
  readonly stubs: JsonObject;
  readonly decisions: Readonly<Record<string, string>>;
}

/** The world after one commit: a copy of the working folder, and requests served so far. */
interface Moment {
  readonly lastSeq: number;
  readonly folder: string;
  readonly served: readonly string[];
}

export interface WholeExample {
  readonly example: Example;
  readonly runId: RunId;
  readonly hash: DefinitionHash;
  readonly events: readonly RunEvent[];
  readonly moments: readonly Moment[];
  readonly end: ExampleEnd;
}

export interface ExampleEnd {
  readonly status: string;
  readonly output: Json;
  readonly steps: Readonly<Record<string, string>>;
}

const root = new URL('../../examples/', import.meta.url).pathname;

const readJson = (path: string, fallback: Json): Json => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Json;
  } catch (thrown) {
    if ((thrown as { code?: string }).code === 'ENOENT') return fallback;
    throw thrown;
  }
};

function readExample(name: string): Example {
  const stubs = readJson(join(root, name, 'stubs.json'), { routes: [] }) as JsonObject;
  return {
    workflow: readJson(join(root, name, 'workflow.json'), null),
    stubs,
    decisions: (stubs.decisions ?? {}) as Record<string, string>,
  };
}

const openIn = (home: string): Promise<App> =>
  openApp(loadConfig({ flags: { log_level: 'error' }, env: { PATH: process.env.PATH }, home }), {
    execute: true,
  });

const contextIn = (cwd: string): CallContext => ({
  caller: { agentId: null, role: 'local', sender: 'person', name: 'tester' },
  exec: { cwd, env: { PATH: process.env.PATH ?? '' } },
});

/** Answers until the run has ended; `outcome` says what became of an interrupted step. */
async function drive(
  app: App,
  runId: RunId,
  example: Example,
  outcome: (path: string) => { choice: string; data?: Json },
): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const stop = await app.engine?.settled(runId, { timeoutMs: PATIENCE_MS, orSuspended: true });
    if (stop === 'ended') return;
    const waiting = app.store.run(runId)?.waitingFor[0];
    if (waiting === undefined) throw new Error(`the run waits for nothing (${stop})`);
    const payload =
      waiting.kind === 'outcome_unknown'
        ? outcome(waiting.step_id)
        : { choice: example.decisions[waiting.step_id] ?? 'yes' };
    await app.ops.signal(contextIn('/'), {
      workflow_id: runId,
      signal_type: 'decision',
      step_id: waiting.step_id,
      payload: payload as Json,
      wait: 0,
    });
  }
  throw new Error('the run never ends');
}

async function endOf(app: App, runId: RunId, folder: string, url: string): Promise<ExampleEnd> {
  const view = await app.ops.status(contextIn('/'), {
    workflow_id: runId,
    include: [...RUN_PARTS],
  });
  const steps: Record<string, string> = {};
  for (const [path, step] of Object.entries(view.steps)) steps[path] = step.status;
  const text = JSON.stringify(view.output ?? null)
    .replaceAll(folder, '<dir>')
    .replaceAll(url, '<url>');
  return { status: view.status, output: JSON.parse(text) as Json, steps };
}

/** A stub server that has already served these requests. */
function stubsAfter(example: Example, served: readonly string[]): StubServer {
  const routes = structuredClone(example.stubs.routes ?? []) as {
    method?: string;
    path: string;
    times?: number;
  }[];
  for (const request of served) {
    const [method, path] = request.split(' ');
    const route = routes.find(
      (each) => each.path === path && (each.method ?? method) === method && (each.times ?? 1) > 0,
    );
    if (route?.times !== undefined) route.times -= 1;
  }
  return startStubs({ routes: routes.filter((route) => route.times !== 0) as unknown as Json });
}

const requestsOf = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => {
    const done = event.type === 'step_completed' || event.type === 'step_retry_attempt';
    const output = event.type === 'step_completed' ? event.payload.output : null;
    const url =
      typeof output === 'object' && output !== null && 'url' in output
        ? String(output.url)
        : event.type === 'step_retry_attempt'
          ? urlIn(event.payload.error.details)
          : null;
    if (!done || url === null) return [];
    const path = new URL(url).pathname;
    return [`${/bookings|reminders|notify/.test(path) ? 'POST' : 'GET'} ${path}`];
  });

const urlIn = (details: Json | undefined): string | null =>
  typeof details === 'object' && details !== null && 'url' in details ? String(details.url) : null;

/** Runs an example once, noting the world after each commit. */
export async function runExample(name: string, scratch: string): Promise<WholeExample> {
  const example = readExample(name);
  const folder = join(scratch, 'whole');
  mkdirSync(folder, { recursive: true });
  const stubs = startStubs(example.stubs);
  const app = await openIn(join(scratch, 'home'));
  const moments: Moment[] = [];
  const events: RunEvent[] = [];
  try {
    app.engine?.onEvents((published) => {
      events.push(...published.map(({ event }) => event));
      const copy = join(scratch, `moment-${moments.length}`);
      cpSync(folder, copy, { recursive: true });
      moments.push({ lastSeq: events.length, folder: copy, served: requestsOf(events) });
    });
    const started = await app.ops.run(contextIn(folder), {
      source: {
        text: JSON.stringify(example.workflow),
        format: 'json',
        file: join(folder, 'workflow.json'),
      },
      params: { stub_url: stubs.url },
      wait: 0,
    });
    const runId = ('workflow_id' in started ? started.workflow_id : '') as RunId;
    await drive(app, runId, example, () => ({ choice: 'rerun' }));
    const end = await endOf(app, runId, folder, stubs.url);
    const hash = app.store.run(runId)?.definitionHash as DefinitionHash;
    return { example, runId, hash, events, moments, end };
  } finally {
    await app.close();
    await stubs.close();
  }
}

/** Goes on from the first `count` events in a copy of the world at that time. */
export async function resumeExample(
  whole: WholeExample,
  scratch: string,
  count: number,
): Promise<ExampleEnd> {
  const { example, runId, hash } = whole;
  const moment = whole.moments.find(({ lastSeq }) => lastSeq >= count);
  if (moment === undefined) throw new Error(`no moment for ${count}`);
  const dir = mkdtempSync(join(tmpdir(), 'opcode-cut-'));
  const folder = join(dir, 'work');
  cpSync(moment.folder, folder, { recursive: true });
  const stubs = stubsAfter(example, moment.served);
  const oldUrl = (whole.events[0] as { payload: { inputs: JsonObject } }).payload.inputs.stub_url;
  const moved = JSON.stringify(whole.events.slice(0, count))
    .replaceAll(join(scratch, 'whole'), folder)
    .replaceAll(String(oldUrl), stubs.url);
  const events = JSON.parse(moved) as RunEvent[];
  const home = join(dir, 'home');
  await seed(home, join(scratch, 'home'), runId, hash, events);
  const app = await openIn(home);
  try {
    await app.engine?.recover(runId);
    await drive(app, runId, example, (path) => happened(whole, path, moment.lastSeq));
    return await endOf(app, runId, folder, stubs.url);
  } finally {
    await app.close();
    await stubs.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What an interrupted step had really done when the log was cut. */
function happened(
  whole: WholeExample,
  path: string,
  lastSeq: number,
): { choice: string; data?: Json } {
  const done = whole.events.find(
    (event) => event.type === 'step_completed' && event.path === path && event.seq <= lastSeq,
  );
  if (done?.type !== 'step_completed') return { choice: 'rerun' };
  return { choice: 'completed', data: done.payload.output ?? null };
}

/** A database that holds the cut log, owned by a node whose lease is long over. */
async function seed(
  home: string,
  fromHome: string,
  runId: RunId,
  hash: DefinitionHash,
  events: readonly RunEvent[],
): Promise<void> {
  const before = openSqliteStore({
    path: join(fromHome, 'opcode.db'),
    synchronous: 'normal',
  });
  const definition = before.definition(hash);
  before.close();
  const app = await openIn(home);
  const { store } = app;
  const owner = asNodeId('gone');
  store.register({
    nodeId: owner,
    role: 'test',
    pid: 1,
    pidStarted: '0',
    bootId: 'another boot',
    host: 'elsewhere',
    pidNamespace: '',
    mountNamespace: '',
    uid: 0,
    version: 'x',
    leaseUntil: 1,
    startedAt: 0,
  });
  store.putDefinition(hash, definition);
  const { output_schema: _, definition: wire } = definition as {
    output_schema: Json;
    definition: Json;
  };
  const plan = planOf(wire, hash);
  const state = fold(newState(runId, plan), events);
  await store.append([
    {
      runId,
      owner,
      epoch: 1,
      expectedSeq: 0,
      events,
      create: {
        runId,
        definitionHash: hash,
        start: startFacts({}),
        createdAt: events[0]?.at ?? 0,
        idempotency: null,
        place: null,
        claimableFrom: 0,
      },
      patch: patchOf(state, false),
      decisions: decisionRows(state, events),
      settled: [],
      sends: [],
      children: [],
    },
  ]);
  await app.close();
}
