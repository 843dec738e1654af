/**
 * A real process, killed with `kill -9` at random moments and started again each time.
 *
 * The workflow has shell steps of each effect class. Every step notes its start and end in a sink with
 * O_APPEND, and holds a file lock while it runs, so that a second copy at the same time is seen.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, slowly } from './patience.ts';

export interface KillReport {
  readonly kills: number;
  readonly runs: number;
  readonly asked: number;
  readonly problems: readonly string[];
}

interface World {
  readonly binary: readonly string[];
  readonly dir: string;
  readonly env: Record<string, string>;
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

/** Kills until `kills` processes were killed, starting new runs as they end. */
export async function killUntil(binary: readonly string[], kills: number): Promise<KillReport> {
  const problems: string[] = [];
  let killed = 0;
  let runs = 0;
  let asked = 0;
  while (killed < kills) {
    const dir = mkdtempSync(join(tmpdir(), 'opcode-kill-'));
    const env = { PATH: process.env.PATH ?? '', HOME: dir, OPCODE_HOME: join(dir, 'home') };
    const world = { binary, dir, env };
    writeFileSync(join(dir, 'chain.json'), JSON.stringify(workflow()));
    const outcome = await oneRun(world, kills - killed);
    runs += 1;
    killed += outcome.kills;
    asked += outcome.asked;
    problems.push(...outcome.problems);
    rmSync(dir, { recursive: true, force: true });
  }
  return { kills: killed, runs, asked, problems };
}

interface Outcome {
  readonly kills: number;
  readonly asked: number;
  readonly problems: readonly string[];
}

async function oneRun(world: World, mayKill: number): Promise<Outcome> {
  let kills = 0;
  let asked = 0;
  let args = ['run', 'chain.json', '--json'];
  let wasEarly = false;
  for (let round = 0; round < 400; round++) {
    const wantsKill = kills < mayKill;
    const early: boolean = wantsKill && !wasEarly && Math.random() < 0.3;
    const { code, wasKilled } = await invoke(world, args, wantsKill ? { early } : null);
    wasEarly = early && wasKilled;
    if (wasKilled) kills += 1;
    const status = await statusOf(world);
    if (status === null) continue;
    args = ['recover', status.workflow_id, '--json'];
    if (status.status === 'suspended') {
      const problem = await answer(world, status.workflow_id);
      if (problem !== null) return { kills, asked, problems: [problem] };
      asked += 1;
    } else if (status.status === 'completed')
      return { kills, asked, problems: checkSink(world.dir) };
    else if (!wasKilled && status.status !== 'active' && status.status !== 'pending') {
      return {
        kills,
        asked,
        problems: [`the run ended ${status.status} (exit ${code}): ${status.text}`],
      };
    }
  }
  return { kills, asked, problems: ['the run never ended'] };
}

/**
 * When a process is killed: `early` at any moment from its start on, also before it has done
 * anything; else at any moment after it has begun a further step. A step that three crashes in a row
 * caught fails by design, so two early kills never follow each other.
 */
interface Kill {
  readonly early: boolean;
}

const EARLY_MS = 250;

/** Runs one command; kills the process itself with SIGKILL at a random moment. */
function invoke(
  world: World,
  args: readonly string[],
  kill: Kill | null,
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
    const before = latestStarted(world.dir);
    const shoot = async ({ early }: Kill): Promise<void> => {
      const isTime = (): boolean => hasEnded || latestStarted(world.dir) > before;
      if (!early) await eventually(isTime, 'a further step, or the end');
      await slowly(Math.random() * (early ? EARLY_MS : 3 * STEP_MS));
      if (!hasEnded) wasKilled = child.kill('SIGKILL');
    };
    if (kill !== null) shoot(kill).catch(reject);
    child.on('close', (code) => {
      hasEnded = true;
      resolve({ code, wasKilled, stdout });
    });
  });
}

interface Status {
  readonly workflow_id: string;
  readonly status: string;
  readonly text: string;
}

async function statusOf(world: World): Promise<Status | null> {
  const { code, stdout } = await invoke(world, ['status', '@last', '--json'], null);
  if (code === 3) return null;
  const parsed = JSON.parse(stdout) as { workflow_id: string; status: string };
  return { workflow_id: parsed.workflow_id, status: parsed.status, text: stdout.slice(0, 2000) };
}

/** "Did it happen?" is answered from the sink, which knows. */
async function answer(world: World, workflowId: string): Promise<string | null> {
  const listed = await invoke(world, ['query', 'decisions', '--json', '--status', 'pending'], null);
  const { decisions } = JSON.parse(listed.stdout) as {
    decisions: { step_id: string; kind: string }[];
  };
  const [open] = decisions;
  if (open === undefined || open.kind !== 'outcome_unknown') {
    return `the run waits for something else: ${listed.stdout.slice(0, 500)}`;
  }
  const happened = count(world.dir, `end ${open.step_id}`) > 0;
  const choice = happened ? 'completed' : 'rerun';
  const args = ['decide', workflowId, open.step_id, choice, '--detach', '--json'];
  const { code } = await invoke(world, args, null);
  return code === 0 || code === 5 ? null : `deciding ended with exit code ${code}`;
}

const sinkLines = (dir: string): readonly string[] => {
  try {
    return readFileSync(join(dir, 'sink'), 'utf8').split('\n');
  } catch {
    return [];
  }
};

/** Number of the last step that ever began; one that began later means the ones before are recorded. */
const latestStarted = (dir: string): number =>
  Math.max(
    -1,
    ...sinkLines(dir)
      .filter((line) => line.startsWith('start s'))
      .map((line) => Number(line.slice('start s'.length))),
  );

const count = (dir: string, line: string): number =>
  sinkLines(dir).filter((each) => each === line).length;

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
