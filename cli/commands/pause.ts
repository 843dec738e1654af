/** `opcode pause`: nothing new starts in a run; what is in flight finishes. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

export function configure(command: Command, act: Act): void {
  command.argument('[run]', 'run id, its beginning, or @last');
  withExamples(addSignalOptions(command, { bulk: true }).action(act(pause)), [
    ['opcode pause @last', 'until opcode resume'],
    ['opcode pause --where template=deploy,status=active', 'many, after a count and a yes'],
  ]);
}

async function pause(cli: Cli, run: string | undefined, options: SignalOptions): Promise<number> {
  return sendSignal(cli, run, { type: 'pause' }, options);
}
