/**
 * Runs a situation with the executable as a user would: define, run, answer what is asked, look at
 * the end. What is not as it should be comes back as sentences.
 */
import type { Opcode } from './binary.ts';
import type { Json, JsonObject, Situation } from './example.ts';
import type { Call } from './stub.ts';

export interface Driven {
  /** The status of the run, or why there was none. */
  readonly end: string;
  readonly differences: readonly string[];
}

interface Status {
  readonly workflow_id?: string;
  readonly status?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly pending_decisions?: readonly { step_id: string; target_agent?: string }[];
  readonly steps?: Readonly<Record<string, { status: string; error?: { message: string } }>>;
}

const PARTS = ['--include', 'steps,decisions'];
const WAIT = ['--wait', '60s'];
/** More questions than any example asks. */
const MOST_ANSWERS = 20;
const ENDED = new Set(['completed', 'failed', 'cancelled']);

/** Runs template `name` with `params`; decisions get the situation's answers. */
export async function drive(
  { command }: Opcode,
  name: string,
  situation: Situation,
  params: JsonObject,
): Promise<{ readonly status: Status; readonly unanswered: readonly string[] }> {
  const started = (await command(
    ['run', name, '--params', '-', ...WAIT, ...PARTS],
    JSON.stringify(params),
  )) as Status;
  const id = started.workflow_id;
  if (id === undefined) return { status: started, unanswered: [] };
  let status = started;
  for (let count = 0; count < MOST_ANSWERS && !ENDED.has(status.status ?? ''); count += 1) {
    const [asked] = status.pending_decisions ?? [];
    if (asked === undefined) break;
    const choice = situation.answers?.[asked.step_id];
    if (choice === undefined) return { status, unanswered: [asked.step_id] };
    const agent = asked.target_agent === undefined ? [] : ['--agent', asked.target_agent];
    await command(['decide', id, asked.step_id, choice, ...agent, ...WAIT]);
    status = (await command(['status', id, ...PARTS])) as Status;
  }
  return { status, unanswered: [] };
}

/** Everything in which a run is not what the situation says, and its end in a word. */
export function judge(
  situation: Situation,
  { status, unanswered }: Awaited<ReturnType<typeof drive>>,
  calls: readonly Call[],
): Driven {
  const said = `${status.error?.code ?? ''} ${status.error?.message ?? ''}`.trim();
  const differences = [
    ...(status.status === situation.ends ? [] : [`ended otherwise: ${said}`]),
    ...(said.includes(situation.says ?? '') ? [] : [`does not say ${situation.says}: ${said}`]),
    ...unanswered.map((step) => `asks at ${step}, for which no answer is known`),
    ...stepDifferences(situation, status.steps ?? {}),
    ...callDifferences(situation, calls),
  ];
  return { end: status.status ?? (said || 'no run'), differences };
}

function stepDifferences(
  { steps: expected = {}, without = [] }: Situation,
  steps: NonNullable<Status['steps']>,
): string[] {
  const wrong = Object.entries(expected)
    .filter(([path, status]) => steps[path]?.status !== status)
    .map(([path, status]) => `${path} is ${steps[path]?.status ?? 'not there'}, not ${status}`);
  const ran = without
    .filter((path) => !['skipped', undefined].includes(steps[path]?.status))
    .map((path) => `${path} is ${steps[path]?.status}, and must not have run`);
  const failed = Object.entries(steps)
    .filter(([path, { status }]) => status === 'failed' && expected[path] === undefined)
    .map(([path, { error }]) => `${path} failed: ${error?.message ?? ''}`);
  return [...wrong, ...ran, ...failed];
}

function callDifferences({ calls: expected = [], sent = {} }: Situation, calls: readonly Call[]) {
  const made = calls.map(({ method, path }) => `${method} ${path}`).sort();
  const wanted = [...expected].sort();
  const differences = Bun.deepEquals(made, wanted)
    ? []
    : [`called ${made.join(', ') || 'nothing'}, not ${wanted.join(', ') || 'nothing'}`];
  for (const [path, keys] of Object.entries(sent)) {
    const json = calls.find((call) => call.path === path)?.json as JsonObject | null | undefined;
    for (const [key, value] of Object.entries(keys)) {
      const found: Json | undefined = json?.[key];
      if (Bun.deepEquals(found, value)) continue;
      differences.push(`${path} was sent ${key} ${JSON.stringify(found)}`);
    }
  }
  return differences;
}
