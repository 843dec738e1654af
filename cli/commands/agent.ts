/** `opcode agent list`: the agents that were ever here. */
import type { Command } from 'commander';
import { wholeNumber } from '../args.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { agentLines } from '../print/access-lists.ts';

interface Options {
  readonly name?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export function configure(command: Command, act: Act): void {
  withExamples(command, [
    ['opcode agent list', 'who was here, and what they are about'],
    ['opcode agent list --name bot', 'agents with "bot" in their name'],
  ]);
  withExamples(
    command
      .command('list')
      .description('Agents, their runs and the decisions that wait for them')
      .option('--name <name>', 'only with this in their name')
      .option('--limit <n>', 'at most so many (20)', wholeNumber(1))
      .option('--cursor <cursor>', 'the next page: what the last one ended with')
      .action(act(list)),
    [
      ['opcode agent list', 'who was here, and what they are about'],
      ['opcode agent list --limit 100 --json', 'for scripts'],
    ],
  );
}

async function list(cli: Cli, { name, limit, cursor }: Options): Promise<number> {
  const app = await cli.openToLook();
  const filter = {
    ...(name === undefined ? {} : { name }),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const result = await app.ops.query(cli.context(), { resource: 'agents', filter });
  if (cli.json) cli.printJson(result);
  else {
    const lines = agentLines(result, cli.terminal.stdout);
    if (lines.length === 0) cli.note('No agents yet.');
    cli.printLines(lines);
    if (result.next_cursor !== undefined) cli.note(`More: --cursor ${result.next_cursor}`);
  }
  return EXIT.ok;
}
