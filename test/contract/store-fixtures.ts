/** Rows and appends for store tests: the shortest valid value of each, with what a test wants changed. */
import type { RunEvent } from '../../src/model/event.ts';
import {
  asDefinitionHash,
  asNodeId,
  asRunId,
  decisionId,
  type RunId,
} from '../../src/model/ids.ts';
import type { StartFacts } from '../../src/model/input.ts';
import type { Json } from '../../src/model/json.ts';
import type {
  DecisionRow,
  InboxSend,
  NewRun,
  NewTemplate,
  NodeRow,
  RunAppend,
  RunPatch,
} from '../../src/model/store.ts';

export const T0 = 1_700_000_000_000;
export const NODE = asNodeId('node-a');
export const OTHER = asNodeId('node-b');
export const HASH = asDefinitionHash('d'.repeat(64));

export const startFacts = (change: Partial<StartFacts> = {}): StartFacts => ({
  inputs: { host: 'example.org' },
  secretRefs: [],
  context: {},
  name: 'deploy',
  template: 'deploy',
  version: 1,
  agentId: 'ops',
  parent: null,
  trigger: null,
  exec: { cwd: '/work', env: { PATH: '/bin' } },
  rules: 2,
  ...change,
});

export const newRun = (id: string, change: Partial<NewRun> = {}): NewRun => ({
  runId: asRunId(id),
  definitionHash: HASH,
  start: startFacts(),
  createdAt: T0,
  idempotency: null,
  place: null,
  claimableFrom: T0,
  ...change,
});

export const patch = (change: Partial<RunPatch> = {}): RunPatch => ({
  status: 'active',
  paused: false,
  updatedAt: T0,
  endedAt: null,
  error: null,
  waitingFor: [],
  wakeAt: null,
  release: false,
  ...change,
});

export const completed = (seq: number, output: Json = { ok: true }, at = T0 + seq): RunEvent => ({
  seq,
  at,
  type: 'step_completed',
  path: 'build',
  payload: { output, duration_ms: 1 },
});

export const custom = (seq: number, payload: Json, at = T0 + seq): RunEvent => ({
  seq,
  at,
  type: 'custom',
  path: null,
  payload: { event_type: 'noted', payload },
});

/** `count` events after `expectedSeq`. */
export const eventsAfter = (expectedSeq: number, count: number): RunEvent[] =>
  Array.from({ length: count }, (_, index) => completed(expectedSeq + 1 + index));

export const append = (id: string, change: Partial<RunAppend> = {}): RunAppend => ({
  runId: asRunId(id),
  owner: NODE,
  epoch: 1,
  expectedSeq: 0,
  events: [],
  create: null,
  patch: patch(),
  decisions: [],
  settled: [],
  sends: [],
  children: [],
  ...change,
});

/** An append that creates the run, owned by `NODE` with epoch 1. */
export const creation = (
  id: string,
  change: Partial<RunAppend> = {},
  run: Partial<NewRun> = {},
): RunAppend => append(id, { create: newRun(id, run), events: [completed(1)], ...change });

export const node = (nodeId = NODE, change: Partial<NodeRow> = {}): NodeRow => ({
  nodeId,
  role: 'serve',
  pid: 42,
  pidStarted: '1000',
  bootId: 'boot',
  host: 'host',
  pidNamespace: 'pid:[1]',
  mountNamespace: 'mnt:[2]',
  uid: 0,
  version: '1.0.0',
  leaseUntil: T0 + 60_000,
  startedAt: T0,
  ...change,
});

export const message = (id: string, change: Partial<InboxSend> = {}): InboxSend => ({
  runId: asRunId(id),
  kind: 'signal',
  body: { type: 'resume' },
  receivedAt: T0 + 5,
  idempotencyKey: null,
  ...change,
});

export const decision = (
  id: string,
  seq: number,
  change: Partial<DecisionRow> = {},
): DecisionRow => ({
  id: decisionId(id, seq),
  runId: asRunId(id),
  path: 'approve',
  seq,
  kind: 'reasoning',
  status: 'pending',
  targetAgent: null,
  createdAt: T0 + seq,
  timeoutAt: null,
  body: { prompt: 'Go on?' },
  resolution: null,
  ...change,
});

export const template = (name: string, change: Partial<NewTemplate> = {}): NewTemplate => ({
  name,
  definitionHash: HASH,
  rules: 2,
  pack: {
    name,
    description: null,
    category: null,
    inputSchema: null,
    outputSchema: null,
    triggers: null,
    definition: { steps: [{ id: 'a', action: 'workflow.log', params: { message: 'hi' } }] },
  },
  agentId: null,
  workingDir: null,
  sourceFile: null,
  createdAt: T0,
  ...change,
});

export const ids = (...names: string[]): RunId[] => names.map(asRunId);
