/** `opcode cancel`: ends a run; with a step, ends that waiting step. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

export function configure(command: Command, act: Act): void {
  command
    .argument('[run]', 'run id, its beginning, or @last')
    .argument('[step]', 'only this waiting step: it fails with REJECTED');
  withExamples(addSignalOptions(command, { bulk: true }).action(act(cancel)), [
    ['opcode cancel @last', 'steps in flight are ended, nothing else starts'],
    ['opcode cancel --where status=suspended,template=deploy', 'many, after a count and a yes'],
  ]);
}

async function cancel(
  cli: Cli,
  run: string | undefined,
  step: string | undefined,
  options: SignalOptions,
): Promise<number> {
  const payload = options.reason === undefined ? undefined : { reason: options.reason };
  return sendSignal(cli, run, { type: 'cancel', step, payload }, options);
}
