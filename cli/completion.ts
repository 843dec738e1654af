/**
 * Candidates for a shell's completion: commands, options, run ids, steps, templates, examples.
 *
 * Asked by the scripts of `opcode completion` with the words typed so far; prints one candidate a
 * line. Where it prints nothing the shell completes file names. Never an error: a completion that
 * cannot be made is no completion.
 */
import { Command } from 'commander';
import { RESOURCES } from '../src/ops/query-schemas.ts';
import type { Cli } from './command.ts';
import { shortId } from './print/run-id.ts';
import { SHELLS } from './shells.ts';
import { COMMANDS } from './table.ts';

/** What a command's positional argument is; the last kind goes on for those that follow. */
type Kind = 'run' | 'step' | 'template' | 'resource' | 'example' | 'shell' | 'file';

const RUN_THEN_STEP: readonly Kind[] = ['run', 'step'];
const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  run: ['template'],
  diagram: ['template'],
  define: ['file'],
  validate: ['file'],
  status: RUN_THEN_STEP,
  logs: RUN_THEN_STEP,
  decide: RUN_THEN_STEP,
  reject: RUN_THEN_STEP,
  cancel: RUN_THEN_STEP,
  retry: RUN_THEN_STEP,
  skip: RUN_THEN_STEP,
  events: ['run'],
  pause: ['run'],
  resume: ['run'],
  signal: ['run'],
  rerun: ['run'],
  recover: ['run'],
  query: ['resource'],
  examples: ['example'],
  completion: ['shell'],
};

const MOST = 50;

/** Candidates for the last of the words, which may be empty. */
export async function candidates(cli: Cli, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const [command, ...rest] = words.slice(0, -1);
  const all = await allCandidates(cli, command, rest, current).catch(() => []);
  return all.filter((word) => word.startsWith(current) && /^[^\p{Cc}]+$/u.test(word));
}

async function allCandidates(
  cli: Cli,
  command: string | undefined,
  before: readonly string[],
  current: string,
): Promise<readonly string[]> {
  if (command === undefined) return COMMANDS.map((entry) => entry.name);
  if (current.startsWith('-')) return optionsOf(command);
  const kinds = KINDS[command] ?? [];
  const positional = before.filter((word) => !word.startsWith('-'));
  const kind = kinds[positional.length];
  return kind === undefined ? [] : candidatesOf(cli, kind, positional);
}

async function candidatesOf(
  cli: Cli,
  kind: Kind,
  before: readonly string[],
): Promise<readonly string[]> {
  switch (kind) {
    case 'run':
      return runIds(cli);
    case 'step':
      return stepIds(cli, before[0] ?? '@last');
    case 'template':
      return templateNames(cli);
    case 'resource':
      return RESOURCES;
    case 'example':
      return exampleNames();
    case 'shell':
      return SHELLS;
    case 'file':
      return [];
  }
}

async function runIds(cli: Cli): Promise<string[]> {
  const app = await cli.openToLook();
  const { workflows = [] } = await app.ops.query(cli.context(), {
    resource: 'workflows',
    filter: { limit: MOST },
  });
  return ['@last', ...workflows.map((run) => shortId(run.workflow_id))];
}

async function stepIds(cli: Cli, workflow_id: string): Promise<string[]> {
  const app = await cli.openToLook();
  const run = await app.ops.status(cli.context(), { workflow_id, include: ['steps'] });
  return Object.keys(run.steps).slice(0, MOST);
}

async function templateNames(cli: Cli): Promise<string[]> {
  const app = await cli.openToLook();
  const { templates = [] } = await app.ops.query(cli.context(), {
    resource: 'templates',
    filter: { limit: MOST },
  });
  return templates.map((template) => template.name);
}

async function exampleNames(): Promise<string[]> {
  const { listExamples } = await import('./examples/embedded.ts');
  return listExamples().map((example) => example.name);
}

async function optionsOf(name: string): Promise<string[]> {
  const entry = COMMANDS.find((each) => each.name === name);
  if (entry === undefined) return [];
  const command = new Command(name);
  (await entry.load()).configure(command, () => async () => undefined);
  const own = command.options.map((option) => option.long ?? option.short ?? '');
  return [...own, '--json', '--db-path', '--log-level', '--help'].filter((flag) => flag !== '');
}
