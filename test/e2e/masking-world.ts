/**
 * A daemon whose runs come by every secret in every spelling in every way there is: printed, read,
 * answered, failed with, by themselves, their children, reruns, and after a crash.
 */
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReceiver, type Receiver } from '../notify/receiver.ts';
import { eventually } from '../support/patience.ts';
import { SECRETS, SPELLINGS } from '../support/secret-cells.ts';
import { type DaemonProcess, end, startDaemon, writeSettings } from './daemon.ts';
import { BINARY, flow, type World, worldIn } from './opcode.ts';

/** What is between two cells, wherever they come through. */
export const MARK = '== cell ==';
const CELLS = SECRETS.flatMap((secret) =>
  Object.values(SPELLINGS).map((spell) => spell(secret) ?? ''),
);
/** One cell of each spelling, the secrets in turn. */
const FEW = Object.values(SPELLINGS).map((spell, at) => spell(SECRETS[at % SECRETS.length] ?? ''));

const joined = (cells: readonly (string | null)[]): string => cells.join(`\n${MARK}\n`);

/** Letters and digits of cells that stand nowhere else. */
const ordinary = 'AuthorizationZXhhbXBsZQ';
const pieces = [...new Set(CELLS.flatMap((cell) => cell.match(/[A-Za-z0-9]{11,}/g) ?? []))].filter(
  (piece) => !ordinary.includes(piece),
);
const LEAK = new RegExp(pieces.sort((a, b) => b.length - a.length).join('|'), 'g');

/** What of secrets stands in a text, each with what is around it. */
export const leaksIn = (text: string): readonly string[] =>
  [...text.matchAll(LEAK)].slice(0, 5).map(({ index }) => text.slice(index - 60, index + 80));

export interface MaskingWorld {
  readonly world: World;
  readonly daemon: DaemonProcess;
  readonly receiver: Receiver;
  /** Every run, by what it is for. */
  readonly runs: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const secretRef = (at: number): string => `\${{secrets.s${at}}}`;
/** The step that uses every secret, so that its run masks them. */
const use = {
  id: 'use',
  run: 'true',
  params: { env: Object.fromEntries(SECRETS.map((_, at) => [`S${at}`, secretRef(at)])) },
};
const cat = { id: 'cat', run: 'cat cells.txt; cat few.txt >&2' };
const ignore = { on_error: { strategy: 'ignore' } };
const behind = { depends_on: ['use'] };
const fail = {
  action: 'shell.exec',
  params: { command: 'cat few.txt >&2; cat few.txt; exit 3', shell: true, fail_on_error: true },
};

/** Steps that come by cells, one of each way. */
const ways = (receiver: string, folder: string): readonly object[] => [
  { id: 'read', action: 'fs.read', params: { path: 'cells.txt' }, ...behind },
  { ...cat, ...behind },
  { id: 'fail', ...fail, ...behind, ...ignore, retry: { max: 1, delay: '1ms' } },
  { id: 'get', action: 'http.get', params: { url: `${receiver}/cells` }, ...behind },
  {
    id: 'refused',
    action: 'http.get',
    params: { url: `${receiver}/fails`, fail_on_error_status: true },
    ...behind,
    ...ignore,
  },
  { id: 'leaf', action: 'workflow.run', params: { template_name: 'leaf' }, ...behind },
  {
    id: 'broken',
    action: 'workflow.run',
    params: { template_name: 'broken' },
    ...behind,
    ...ignore,
  },
  {
    id: 'apart',
    action: 'workflow.run',
    params: { template_name: 'leaf', wait: false },
    ...behind,
  },
  {
    id: 'each',
    type: 'loop',
    depends_on: ['cat'],
    config: {
      over: `\${{ steps.cat.stderr.split("${MARK}") }}`,
      body: [{ id: 'say', action: 'workflow.log', params: { message: '${{ loop.item }}' } }],
    },
  },
  { id: 'log', action: 'workflow.log', params: { message: '${{steps.read.content}}' } },
  {
    id: 'tell',
    action: 'workflow.notify',
    params: { message: '${{steps.cat.stderr}}', data: { all: '${{steps.get.body}}' } },
  },
  {
    id: 'keep',
    action: 'workflow.context',
    params: {
      action: 'update',
      data: { seen: '${{steps.cat.stderr}}' },
      agent_notes: '${{steps.cat.stderr}}',
    },
  },
  {
    id: 'check',
    action: 'assert.equals',
    params: { actual: '${{steps.cat.stderr}}', expected: 'nothing' },
    ...ignore,
  },
  {
    id: 'shown',
    action: 'fs.write',
    params: {
      path: join(folder, 'home', 'work', 'copy.txt'),
      content: '${{steps.cat.stdout_raw}}',
    },
  },
];

const ask = {
  id: 'ask',
  type: 'reasoning',
  depends_on: ['log', 'cat', 'fail', 'tell', 'keep', 'check', 'each', 'leaf', 'broken'],
  config: { prompt_context: '${{steps.cat.stdout}}', options: [{ id: 'yes' }, { id: 'no' }] },
};

const HOOK = 'the-key-of-this-webhook-77';
const CHANNEL = 'the-key-of-that-channel-88';

/** Starts everything; what is asked and what only waits is left so. */
export async function openMaskingWorld(): Promise<MaskingWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'opcode-mask-'));
  const env: Record<string, string> = { OPCODE_SECRET_HOOK: HOOK, OPCODE_SECRET_CHANNEL: CHANNEL };
  SECRETS.forEach((value, at) => {
    env[`OPCODE_SECRET_S${at}`] = value;
  });
  const world = worldIn(folder, BINARY, env);
  const receiver = await openReceiver();
  receiver.behave = (response, { path }) => {
    const cells = joined(FEW);
    response.writeHead(path === '/cells' ? 200 : 500, { 'x-cell': FEW[7] ?? '' });
    response.end(cells);
  };
  world.file('cells.txt', joined(CELLS));
  world.file('few.txt', joined(FEW));
  mkdirSync(world.home, { mode: 0o700 });
  writeSettings(world.home, settingsOf(receiver.url, folder));
  const runs: Record<string, string> = {};
  await define(world, receiver.url, folder);
  const daemon = await afterCrash(world, runs);
  const close = async (): Promise<void> => {
    // Commands of the tests may have begun the slow run anew: its program would outlive a kill.
    for (const status of ['active', 'suspended', 'pending']) {
      await world.run('cancel', '--where', `status=${status}`, '--yes');
    }
    await end(daemon);
    await receiver.close();
    world.close();
  };
  try {
    await startAll(world, daemon, runs);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    world,
    daemon,
    receiver,
    runs,
    close,
  };
}

const settingsOf = (url: string, folder: string): object => ({
  notify: {
    rules: ['decision', 'outcome_unknown', 'run_failed', 'notify', 'restarted'].flatMap((on) =>
      ['team', 'refusing', 'bell'].map((channel) => ({ on: [on], channel })),
    ),
    channels: {
      team: { type: 'webhook', url: `${url}/cells`, secret: 'channel' },
      refusing: { type: 'webhook', url: `${url}/refuses` },
      bell: {
        type: 'command',
        command: ['sh', '-c', `cat >>${folder}/bell.txt; cat ${folder}/few.txt >&2; exit 1`],
      },
    },
  },
});

async function define(world: World, receiver: string, folder: string): Promise<void> {
  const templates: Record<string, readonly object[]> = {
    leaf: [cat],
    broken: [{ id: 'fail', ...fail }],
    all: [use, ...ways(receiver, folder), ask],
    fails: [use, { ...cat, ...behind }, { id: 'fail', ...fail, depends_on: ['cat'] }],
    slow: [use, { id: 'slow', run: 'cat cells.txt; sleep 600', ...behind, timeout: '1h' }],
  };
  for (const [name, steps] of Object.entries(templates)) {
    await sure(world, 'define', world.file(`${name}.json`, flow(name, [...steps])));
  }
  const output = { text: '${{steps.cat.stdout_raw}}' };
  const steps = [use, { ...cat, ...behind }];
  const triggers = { webhook: [{ name: 'hook', secret: 'hook' }] };
  const ends = { name: 'ends', definition: { steps, output }, triggers };
  await sure(world, 'define', world.file('ends.json', ends));
}

async function sure(world: World, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await world.run(...words);
  if (code !== 0) throw new Error(`${words.join(' ')}: ${code} ${stdout.slice(0, 2000)} ${stderr}`);
  return stdout;
}

const post = async (daemon: DaemonProcess, name: string, body: object): Promise<Answer> => {
  const response = await fetch(`${daemon.url}/api/v1/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answer;
};

interface Answer {
  readonly workflow_id: string;
  readonly status: string;
}

async function statusOf(daemon: DaemonProcess, run: string): Promise<string> {
  return (await post(daemon, 'status', { workflow_id: run })).status;
}

/** The daemon after one that died while a step printed. */
async function afterCrash(world: World, runs: Record<string, string>): Promise<DaemonProcess> {
  const first = await startDaemon(world);
  try {
    const started = await sure(world, 'run', 'slow', '--detach', '--json');
    const { workflow_id: run } = JSON.parse(started) as Answer;
    runs.slow = run;
    await eventually(async () => {
      const { stdout } = await world.run('logs', run, '--json');
      return stdout.includes(MARK);
    }, 'it has printed');
  } finally {
    await end(first);
  }
  return startDaemon(world, '--log-level', 'debug');
}

async function startAll(
  world: World,
  daemon: DaemonProcess,
  runs: Record<string, string>,
): Promise<void> {
  const start = async (name: string, ...words: string[]): Promise<void> => {
    const { stdout, stderr } = await world.run(...words, '--detach', '--json');
    runs[name] = (JSON.parse(stdout || stderr) as Answer).workflow_id;
  };
  await start('all', 'run', 'all');
  await start('ends', 'run', 'ends', '--idempotency-key', 'k');
  await start('repeated', 'run', 'ends', '--idempotency-key', 'k');
  await start('fails', 'run', 'fails');
  const settled = (name: string, wanted: readonly string[]): Promise<true> =>
    eventually(
      async () => wanted.includes(await statusOf(daemon, runs[name] ?? '')),
      `${name} is ${wanted}`,
    );
  await settled('fails', ['failed']);
  await settled('ends', ['completed']);
  await start('rerun', 'rerun', runs.fails ?? '');
  await start('outputs', 'rerun', runs.ends ?? '', '--from', '@output');
  await sure(world, 'schedule', 'add', 'nightly', 'ends', '0 3 1 1 *');
  await sure(world, 'schedule', 'run', 'nightly');
  const body = '{}';
  const t = Math.floor(Date.now() / 1000);
  const v2 = createHmac('sha256', HOOK).update(`v2\nhook\n${t}\n${body}`).digest('hex');
  const taken = await fetch(`${daemon.url}/hooks/hook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-opcode-signature': `t=${t},v2=${v2}` },
    body,
  });
  runs.hook = ((await taken.json()) as Answer).workflow_id;
  await settled('rerun', ['failed']);
  await settled('hook', ['completed']);
  await settled('all', ['suspended', 'failed']);
  await settled('slow', ['suspended', 'failed']);
}
