/** `opcode stop`: ends the daemon of this home, and waits until it is gone. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';

interface Options {
  readonly now?: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(command.option('--now', 'do not wait for steps in flight').action(act(stop)), [
    ['opcode stop', 'steps in flight may finish'],
    ['opcode stop --now', 'stop them'],
  ]);
}

async function stop(cli: Cli, { now = false }: Options): Promise<number> {
  const { findDaemon, stopDaemon } = await import('../../src/app-serve.ts');
  const config = cli.config();
  const daemon = findDaemon(config);
  if (daemon?.alive === null) {
    throw new AppError(
      'CONFLICT',
      `${config.pidPath} names pid ${daemon.pid} on ${daemon.host}, which cannot be seen from here`,
      { hint: 'stop it where it runs' },
    );
  }
  const wasRunning = daemon?.alive === true;
  if (daemon !== null && wasRunning) {
    cli.note(`Stopping the daemon (pid ${daemon.pid}).`);
    await stopDaemon(daemon, now);
  }
  if (cli.json) cli.printJson({ stopped: wasRunning, pid: wasRunning ? daemon.pid : null });
  else cli.print(wasRunning ? 'Stopped.' : 'No daemon runs.');
  return EXIT.ok;
}
