/**
 * `opcode mcp`: MCP over standard input and output, for a client that starts its servers itself. The
 * daemon executes, one for all clients; when none lives this process starts it. Only where there can be
 * none, or with `--no-daemon`, it executes by itself and takes on what is unfinished.
 */
import type { Command } from 'commander';
import type { RelayOptions } from '../../src/app-relay.ts';
import { logMask } from '../../src/app-secrets.ts';
import { createLogger } from '../../src/log.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';

type Serve = RelayOptions['serveHere'];
type Streams = Parameters<Serve>[0];
type Session = Awaited<ReturnType<Serve>>;

interface Options {
  /** False with `--no-daemon`. */
  readonly daemon: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .option('--no-daemon', 'execute here, and start no daemon')
      .action(act(mcp))
      .addHelpText(
        'after',
        '\nRuns are executed by the daemon and go on when the client leaves. Without one\n' +
          'it is started; its log is <home>/daemon.log, `opcode stop` ends it.',
      ),
    [
      ['opcode mcp', 'speak MCP on stdin and stdout'],
      ['claude mcp add opcode -- opcode mcp', 'let a client start it'],
    ],
  );
}

async function mcp(cli: Cli, { daemon }: Options): Promise<number> {
  const session = daemon ? await throughDaemon(cli) : await serveHere(cli);
  const stop = (): void => void session.close();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
  await session.closed;
  return EXIT.ok;
}

async function throughDaemon(cli: Cli): Promise<Session> {
  const { serveThroughDaemon } = await import('../../src/app-relay.ts');
  return serveThroughDaemon({
    config: cli.config(),
    log: logOf(cli),
    env: cli.env,
    serveHere: (streams) => serveHere(cli, streams),
  });
}

async function serveHere(cli: Cli, streams?: Streams): Promise<Session> {
  const app = await cli.openExecuting({ claims: true, role: 'mcp' });
  const { serveStdio } = await import('../../src/app-serve.ts');
  return serveStdio(app, cli.config(), logOf(cli), streams);
}

function logOf(cli: Cli): ReturnType<typeof createLogger> {
  const { stderr } = cli.terminal;
  return createLogger({
    level: cli.config().settings.log_level,
    pretty: stderr.isTerminal,
    color: stderr.style.enabled,
    write: (line) => stderr.write(line),
    mask: logMask(cli.config()),
    now: Date.now,
  });
}
