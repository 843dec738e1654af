/** `opcode query`: lists with filters and pages. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { RESOURCES } from '../../src/ops/query-schemas.ts';
import { collect, wholeNumber } from '../args.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { listLines } from '../print/lists.ts';
import { tellWithoutExecutor } from '../tell-executor.ts';

interface Options {
  readonly status?: string;
  readonly agent?: string;
  readonly template?: string;
  readonly run?: string;
  readonly step?: string;
  readonly type?: string;
  readonly name?: string;
  readonly label?: readonly string[];
  readonly versions?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

type Filter = NonNullable<Parameters<App['ops']['query']>[1]['filter']>;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<resource>', RESOURCES.join(', '))
      .option('--status <status,…>', 'only with one of these statuses')
      .option('--agent <name>', 'only of this agent')
      .option('--template <name>', 'only of this template')
      .option('--run <run>', 'only of this run (id, its beginning, or @last)')
      .option('--step <step>', 'only of this step')
      .option('--type <type,…>', 'only events of these types')
      .option('--name <name>', 'only with this name')
      .option('--label <key=value>', 'only with this label; several must all hold', collect)
      .option('--versions', 'templates: every version of --template, newest first')
      .option('--since <time>', 'not before this RFC 3339 time')
      .option('--until <time>', 'not after this RFC 3339 time')
      .option(
        '--limit <n>',
        'at most so many (20; templates 100, actions and reference all)',
        wholeNumber(1),
      )
      .option('--cursor <cursor>', 'the next page: what the last one ended with')
      .action(act(query)),
    [
      ['opcode query workflows --status failed', 'the newest failed runs'],
      ['opcode query events --run @last --type step_failed --json', 'for scripts'],
    ],
  );
}

/** Resources that the executable itself holds. */
const WITHOUT_DATA: ReadonlySet<string> = new Set(['reference', 'actions']);

/** Other words for what can be listed. */
const ALIASES: Readonly<Record<string, string>> = { runs: 'workflows' };

async function query(cli: Cli, resource: string, options: Options): Promise<number> {
  const known = RESOURCES.find((each) => each === (ALIASES[resource] ?? resource));
  if (known === undefined) {
    throw new AppError('VALIDATION_ERROR', `"${resource}" cannot be listed`, {
      hint: `there are ${RESOURCES.join(', ')}`,
    });
  }
  const app = await cli.openToLook({ needsData: !WITHOUT_DATA.has(known) });
  const result = await app.ops.query(cli.context(), { resource: known, filter: filterOf(options) });
  if (cli.json) cli.printJson(result);
  else {
    const lines = listLines(result, cli.terminal.stdout);
    if (lines.length === 0) cli.note(`No ${resource}.`);
    cli.printLines(lines);
    if (result.next_cursor !== undefined) cli.note(`More: --cursor ${result.next_cursor}`);
  }
  if (known === 'workflows') {
    tellWithoutExecutor(cli, await app.ops.overview(cli.context(), { limit: 1 }));
  }
  return EXIT.ok;
}

const listOf = (text: string): string[] => text.split(',').map((part) => part.trim());

function filterOf(options: Options): Filter {
  const {
    status,
    agent,
    template,
    run,
    step,
    type,
    name,
    label,
    versions,
    since,
    until,
    limit,
    cursor,
  } = options;
  return {
    ...(status === undefined ? {} : { status: listOf(status) }),
    ...(agent === undefined ? {} : { agent_id: agent }),
    ...(template === undefined ? {} : { template_name: template }),
    ...(run === undefined ? {} : { workflow_id: run }),
    ...(step === undefined ? {} : { step_id: step }),
    ...(type === undefined ? {} : { event_type: listOf(type) }),
    ...(name === undefined ? {} : { name }),
    ...(label === undefined ? {} : { label: [...label] }),
    ...(versions === true ? { versions } : {}),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
