/**
 * A real process, killed with `kill -9` at any moment of its life and started again each time.
 *
 * The workflow has shell steps of each effect class. Every step notes its start and end in a sink with
 * O_APPEND, and holds a file lock while it runs, so that a second copy at the same time is seen.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slowly } from './patience.ts';

export interface KillReport {
  readonly kills: number;
  readonly runs: number;
  readonly asked: number;
  /** Runs that were in quarantine. */
  readonly resumed: number;
  readonly problems: readonly string[];
}

interface World {
  readonly binary: readonly string[];
  readonly dir: string;
  readonly env: Record<string, string>;
  readonly pace: Pace;
}

const STEPS = 20;
/** Milliseconds one step takes. */
const STEP_MS = 25;

const body = (id: string): string =>
  [
    'exec 9>>"lock-$0"',
    `flock -n 9 || echo "double ${id}" >> sink`,
    `echo "start ${id}" >> sink`,
    `sleep ${STEP_MS / 1000}`,
    `echo "end ${id}" >> sink`,
    `echo ${id}`,
  ]
    .join('; ')
    .replace('$0', id);

/** Steps in turn repeatable, unsafe but to be rerun, and unsafe without saying so. */
function workflow(): unknown {
  const steps = Array.from({ length: STEPS }, (_, i) => {
    const id = `s${i}`;
    const kind = [{ effect: 'idempotent' }, { on_interrupt: 'rerun' }, {}][i % 3];
    const before = i === 0 ? {} : { depends_on: [`s${i - 1}`] };
    return { id, run: body(id), ...before, ...kind };
  });
  return { steps };
}

/** Chains that one process executes at a time. */
const CHAINS = 3;

/**
 * A run that only waits, in the process that executes: so no chain is ever alone there, and its steps
 * may be caught by any number of crashes in a row.
 */
const COMPANION = {
  timeout: '30d',
  steps: [{ id: 'wait', type: 'wait', config: { duration: '20d' } }],
};

/** Kills until `kills` processes were killed, starting new runs as they end. */
export async function killUntil(binary: readonly string[], kills: number): Promise<KillReport> {
  const pace: Pace = { reachMs: 500, begun: 0, idle: 0 };
  const total = { kills: 0, runs: 0, asked: 0, resumed: 0, problems: [] as string[] };
  while (total.kills < kills) {
    const dir = mkdtempSync(join(tmpdir(), 'opcode-kill-'));
    const env = { PATH: process.env.PATH ?? '', HOME: dir, OPCODE_HOME: join(dir, 'home') };
    await oneWorld({ binary, dir, env, pace }, total, kills);
    rmSync(dir, { recursive: true, force: true });
  }
  return total;
}

type Total = { -readonly [K in keyof Omit<KillReport, 'problems'>]: number } & {
  readonly problems: string[];
};

async function oneWorld(world: World, total: Total, kills: number): Promise<void> {
  const companion = await startRun(world, 'companion', COMPANION);
  const chains = new Map<string, string>();
  for (let index = 0; index < CHAINS; index++) {
    chains.set(await startRun(world, `chain-${index}`, workflow()), `chain-${index}`);
  }
  total.runs += CHAINS;
  let kept = true;
  for (let round = 0; round < 1000; round++) {
    const kill = total.kills < kills;
    if (!kill && kept) {
      await invoke(world, ['cancel', companion, '--detach'], null);
      kept = false;
    }
    const { wasKilled } = await invoke(world, ['recover', '--json'], kill ? reachOf(world) : null);
    if (wasKilled) total.kills += 1;
    const open = await moveOn(world, chains, total);
    if (total.problems.length > 0) return;
    if (open > 0) continue;
    for (const name of chains.values()) total.problems.push(...checkSink(join(world.dir, name)));
    return;
  }
  total.problems.push('the runs never ended');
}

/** Puts a run down that nobody executes yet, with a folder of its own. */
async function startRun(world: World, name: string, definition: unknown): Promise<string> {
  mkdirSync(join(world.dir, name));
  writeFileSync(join(world.dir, name, 'flow.json'), JSON.stringify(definition));
  const args = ['run', join(name, 'flow.json'), '--detach', '--json'];
  const { stdout } = await invoke(world, args, null);
  return (JSON.parse(stdout) as { workflow_id: string }).workflow_id;
}

interface Listed {
  readonly workflow_id: string;
  readonly status: string;
  readonly paused: boolean;
}

/** Does what a person does about what waits for one; how many chains have not ended. */
async function moveOn(
  world: World,
  chains: ReadonlyMap<string, string>,
  total: Total,
): Promise<number> {
  const { stdout } = await invoke(world, ['query', 'runs', '--json'], null);
  const { workflows } = JSON.parse(stdout) as { workflows: Listed[] };
  const ours = workflows.filter(({ workflow_id }) => chains.has(workflow_id));
  for (const { workflow_id, status } of ours) {
    if (['failed', 'cancelled'].includes(status)) {
      const { stdout: text } = await invoke(world, ['status', workflow_id], null);
      total.problems.push(`a run ended ${status}: ${text.slice(0, 2000)}`);
    }
  }
  const waiting = ours.filter(({ status }) => status === 'suspended');
  for (const { workflow_id } of waiting.filter(({ paused }) => paused)) {
    await invoke(world, ['resume', workflow_id, '--detach'], null);
    total.resumed += 1;
  }
  if (waiting.some(({ paused }) => !paused)) await answerAll(world, chains, total);
  return ours.filter(({ status }) => status !== 'completed').length;
}

/** "Did it happen?" is answered from the sink, which knows. */
async function answerAll(
  world: World,
  chains: ReadonlyMap<string, string>,
  total: Total,
): Promise<void> {
  const listed = await invoke(world, ['query', 'decisions', '--json', '--status', 'pending'], null);
  const { decisions } = JSON.parse(listed.stdout) as {
    decisions: { workflow_id: string; step_id: string; kind: string }[];
  };
  for (const { workflow_id, step_id, kind } of decisions) {
    if (kind !== 'outcome_unknown') total.problems.push(`a run waits for a ${kind}`);
    const dir = join(world.dir, chains.get(workflow_id) ?? '');
    const choice = sinkLines(dir).includes(`end ${step_id}`) ? 'completed' : 'rerun';
    const args = ['decide', workflow_id, step_id, choice, '--detach', '--json'];
    const { code } = await invoke(world, args, null);
    if (code !== 0 && code !== 5) total.problems.push(`deciding ended with exit code ${code}`);
    total.asked += 1;
  }
}

/** How long a process lives at most: longer where it takes longer until it has begun a step. */
interface Pace {
  reachMs: number;
  begun: number;
  idle: number;
}

const MAX_REACH_MS = 60_000;
/** Kills in a row before which nothing was begun, until processes live longer. */
const MAX_IDLE = 3;

function reachOf({ dir, pace }: World): number {
  const chains = Array.from({ length: CHAINS }, (_, index) => join(dir, `chain-${index}`));
  const begun = chains.flatMap(sinkLines).length;
  pace.idle = begun === pace.begun ? pace.idle + 1 : 0;
  pace.begun = begun;
  if (pace.idle >= MAX_IDLE) {
    pace.reachMs = Math.min(MAX_REACH_MS, pace.reachMs * 1.5);
    pace.idle = 0;
  }
  return pace.reachMs;
}

/** Runs one command; with a reach the process is killed with SIGKILL at any moment of that time. */
function invoke(
  world: World,
  args: readonly string[],
  reach: number | null,
): Promise<{ code: number | null; wasKilled: boolean; stdout: string }> {
  const [program, ...first] = world.binary;
  return new Promise((resolve, reject) => {
    const child = spawn(program as string, [...first, ...args], { cwd: world.dir, env: world.env });
    let stdout = '';
    let wasKilled = false;
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.resume();
    child.stdin.end();
    let hasEnded = false;
    const shoot = async (withinMs: number): Promise<void> => {
      await slowly(Math.random() * withinMs);
      if (!hasEnded) wasKilled = child.kill('SIGKILL');
    };
    if (reach !== null) shoot(reach).catch(reject);
    child.on('close', (code) => {
      hasEnded = true;
      resolve({ code, wasKilled, stdout });
    });
  });
}

const sinkLines = (dir: string): readonly string[] => {
  try {
    return readFileSync(join(dir, 'sink'), 'utf8').split('\n');
  } catch {
    return [];
  }
};

/** Every step ended; none that had ended began again; no two copies at once. */
function checkSink(dir: string): string[] {
  const problems: string[] = [];
  const ended = new Set<string>();
  let latest = -1;
  for (const line of sinkLines(dir)) {
    const [what, id] = line.split(' ');
    if (what === 'double') problems.push(`two copies of ${id} at once`);
    if (what === 'end' && id !== undefined) ended.add(id);
    if (what !== 'start' || id === undefined) continue;
    const index = Number(id.slice(1));
    // A later step began: the ones before had finished for good.
    if (index < latest) problems.push(`${id} ran again after s${latest} had begun`);
    latest = Math.max(latest, index);
  }
  for (let i = 0; i < STEPS; i++) if (!ended.has(`s${i}`)) problems.push(`s${i} never ended`);
  return problems;
}
