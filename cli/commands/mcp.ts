/**
 * `opcode mcp`: MCP over standard input and output, for a client that starts its servers itself. This
 * process executes the runs that it is asked for, and takes on what is unfinished.
 */
import type { Command } from 'commander';
import { createLogger } from '../../src/log.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .action(act(mcp))
      .addHelpText(
        'after',
        '\nRuns are executed by this process and go on by themselves when it is started again.\n' +
          'For runs that outlive a client keep `opcode serve` running.',
      ),
    [
      ['opcode mcp', 'speak MCP on stdin and stdout'],
      ['claude mcp add opcode -- opcode mcp', 'let a client start it'],
    ],
  );
}

async function mcp(cli: Cli): Promise<number> {
  const app = await cli.openExecuting({ claims: true, role: 'mcp' });
  const { serveStdio } = await import('../../src/app-serve.ts');
  const session = serveStdio(app, cli.config(), logOf(cli));
  const stop = (): void => void session.close();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
  await session.closed;
  return EXIT.ok;
}

function logOf(cli: Cli): ReturnType<typeof createLogger> {
  const { stderr } = cli.terminal;
  return createLogger({
    level: cli.config().settings.log_level,
    pretty: stderr.isTerminal,
    color: stderr.style.enabled,
    write: (line) => stderr.write(line),
    now: Date.now,
  });
}
