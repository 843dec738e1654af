/** `opcode stop`: ends the daemon of this home, and waits until it is gone. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import type { GraceOptions } from '../stop-daemon.ts';

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .option('--grace <duration>', 'steps still in flight then are ended (else the settings say)')
      .option('--now', 'end steps in flight at once')
      .action(act(stop)),
    [
      ['opcode stop', 'steps in flight may finish'],
      ['opcode stop --grace 5s', 'for at most five seconds'],
    ],
  );
}

async function stop(cli: Cli, options: GraceOptions): Promise<number> {
  const { graceOf, livingDaemon, refuseUnnamed, stopAndTell } = await import('../stop-daemon.ts');
  const graceMs = graceOf(options);
  const daemon = livingDaemon(cli);
  const { withdrawSuccessor } = await import('../../src/app-successor.ts');
  withdrawSuccessor(cli.configToLook().config);
  if (daemon === null) await refuseUnnamed(cli);
  else await stopAndTell(cli, daemon, graceMs);
  if (cli.json) cli.printJson({ stopped: daemon !== null, pid: daemon?.pid ?? null });
  else cli.print(daemon === null ? 'No daemon runs.' : 'Stopped.');
  return EXIT.ok;
}
