/**
 * `opcode restart`: ends the daemon and starts this version in its place, as the old one ran. Runs go
 * on where they were.
 */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import type { GraceOptions } from '../stop-daemon.ts';

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .option('--grace <duration>', 'steps still in flight then are ended (else the settings say)')
      .option('--now', 'end steps in flight at once')
      .action(act(restart))
      .addHelpText(
        'after',
        '\nThe new one gets the arguments, folder and environment of the old one, and\n' +
          'runs in the background; its log is <home>/daemon.log unless --log-file said\n' +
          'otherwise.',
      ),
    [
      ['opcode restart', 'after an update, or to take over settings'],
      ['opcode restart --grace 30s', 'steps may take half a minute'],
    ],
  );
}

async function restart(cli: Cli, options: GraceOptions): Promise<number> {
  const { graceOf, livingDaemon, stopAndTell } = await import('../stop-daemon.ts');
  const { planRestart, startDaemonAgain, untilSucceeded } = await import(
    '../../src/app-restart.ts'
  );
  const graceMs = graceOf(options);
  const before = livingDaemon(cli);
  const config = cli.config();
  const { facts, succeeding } = planRestart(config, before);
  if (before !== null) await stopAndTell(cli, before, graceMs);
  // What was opened to look would keep a new version from changing the database.
  await cli.close();
  const daemon =
    succeeding === null
      ? await startDaemonAgain({ config, env: cli.env, facts })
      : await untilSucceeded(config, succeeding);
  const { pid, version, urls } = daemon;
  if (cli.json) {
    const old = before === null ? null : { pid: before.pid, version: before.version };
    cli.printJson({ pid, version, urls, before: old });
    return EXIT.ok;
  }
  const was =
    before === null ? 'No daemon ran' : `Version ${before.version} (pid ${before.pid}) ended`;
  cli.print(`${was}; version ${version} runs as pid ${pid} at ${urls.join(', ')}.`);
  return EXIT.ok;
}
