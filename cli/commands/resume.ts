/** `opcode resume`: goes on with a run that is paused, timed out or in quarantine. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

export function configure(command: Command, act: Act): void {
  command.argument('[run]', 'run id, its beginning, or @last');
  withExamples(addSignalOptions(command, { bulk: true }).action(act(resume)), [
    ['opcode resume @last', 'and go on with it here'],
    ['opcode resume 01934c --detach', 'leave it to whoever executes'],
  ]);
}

async function resume(cli: Cli, run: string | undefined, options: SignalOptions): Promise<number> {
  return sendSignal(cli, run, { type: 'resume' }, options);
}
