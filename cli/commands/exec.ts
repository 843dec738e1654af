/** `opcode exec -- CMD…`: one command as a durable, logged run; its output passes through. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { waitMsOf } from '../args.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { executeRun, resultDocument } from '../execute-run.ts';
import { exitCodeOfCommand } from '../exit.ts';

interface Options {
  readonly name?: string;
  readonly timeout: string;
  readonly agent?: string;
  readonly wait?: string;
  readonly quiet?: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .usage('[options] -- <command> [arguments...]')
      .argument('<command...>', 'command and arguments, without a shell')
      .option('--name <name>', 'name of the run (else the command)')
      .option('--timeout <duration>', 'end it after this time', '24h')
      .option('--agent <name>', 'run it in the name of this agent')
      .option('--wait <duration>', 'leave after this time, e.g. 30s')
      .option('-q, --quiet', "print the command's output only")
      .passThroughOptions()
      .action(act(exec))
      .addHelpText(
        'after',
        "\nExits with the command's own code: 128 + n when signal n ended it; 127: there is\n" +
          'no such command; 126: it may not be executed; 125: Opcode could not start it.',
      ),
    [
      ['opcode exec -- make release', 'run a command; opcode logs @last shows it later'],
      ["opcode exec --timeout 5m -- sh -c 'make && make test'", 'a line for the shell'],
    ],
  );
}

async function exec(cli: Cli, words: string[], options: Options): Promise<number> {
  const [program, ...args] = words;
  if (program === undefined) throw new AppError('VALIDATION_ERROR', 'exec: there is no command');
  const name = options.name ?? words.join(' ');
  const app = await cli.openExecuting();
  const { code } = await executeRun(cli, app, {
    quiet: options.quiet,
    agent: options.agent,
    waitMs: waitMsOf(options.wait),
    brief: true,
    start: async (context) => {
      const definition = definitionOf(program, args, name, options.timeout);
      const result = await app.ops.run(context, {
        definition,
        wait: 0,
        ...(options.agent === undefined ? {} : { agent_id: options.agent }),
      });
      if ('dry_run' in result) throw new AppError('INTERNAL', 'a dry run answered a start');
      return result;
    },
    document: (started, now) => resultDocument(started, now),
    exitCode: exitCodeOfCommand,
    ...(cli.json ? {} : { onOutput: ({ stream, text }) => cli.terminal[stream].write(text) }),
  });
  return code;
}

/** A text as it is, also where it looks like a reference. */
const literal = (text: string): string => text.replaceAll('${{', () => '$${{');

function definitionOf(program: string, args: readonly string[], name: string, timeout: string) {
  return {
    metadata: { name },
    steps: [
      {
        id: 'command',
        action: 'shell.exec',
        timeout,
        params: {
          command: literal(program),
          args: args.map(literal),
          timeout,
          fail_on_error: true,
        },
      },
    ],
  };
}
