/** `opcode skip`: goes on without a step that failed, waits or runs. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

export function configure(command: Command, act: Act): void {
  command
    .usage('[options] <run> <step>')
    .argument('<words...>', 'run and step; only the step with --where');
  withExamples(addSignalOptions(command, { bulk: true }).action(act(skip)), [
    ['opcode skip @last notify', 'a failed step that does not matter'],
    ['opcode skip --where status=failed,template=report notify', 'in many runs'],
  ]);
}

async function skip(cli: Cli, words: string[], options: SignalOptions): Promise<number> {
  const [run, step, ...more] = options.where === undefined ? words : [undefined, ...words];
  if (step === undefined || more.length > 0) {
    throw new AppError('VALIDATION_ERROR', 'skip takes a run and a step', {
      hint: 'opcode status <run> lists its steps',
    });
  }
  return sendSignal(cli, run, { type: 'skip', step }, options);
}
