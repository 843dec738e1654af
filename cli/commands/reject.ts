/** `opcode reject`: the no to a pending decision; its step fails, nothing behind it runs. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

export function configure(command: Command, act: Act): void {
  command
    .argument('<run>', 'run id, its beginning, or @last')
    .argument('[step]', 'the step that asks, when several decisions are pending');
  withExamples(addSignalOptions(command, { bulk: false }).action(act(reject)), [
    ['opcode reject @last --reason "wrong account"', 'the only pending decision'],
    ['opcode reject 01934c approve', 'one of several'],
  ]);
}

async function reject(
  cli: Cli,
  run: string,
  step: string | undefined,
  options: SignalOptions,
): Promise<number> {
  return sendSignal(cli, run, { type: 'decision', step, payload: { reject: true } }, options);
}
