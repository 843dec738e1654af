/** `opcode decide`: the answer to a pending decision. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { jsonOrText } from '../args.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

interface Options extends SignalOptions {
  readonly data?: string;
}

export function configure(command: Command, act: Act): void {
  command
    .usage('[options] <run> [step] <choice>')
    .argument('<run>', 'run id, its beginning, or @last')
    .argument('<answer...>', '[step] <choice>; the step when several decisions are pending')
    .option('--data <json>', 'data for the steps behind it, JSON or text');
  withExamples(addSignalOptions(command, { bulk: false }).action(act(decide)), [
    ['opcode decide @last yes', 'the only pending decision'],
    ['opcode decide 01934c approve ship --reason "tests are green"', 'one of several'],
  ]);
}

async function decide(cli: Cli, run: string, words: string[], options: Options): Promise<number> {
  if (words.length > 2) {
    throw new AppError('VALIDATION_ERROR', 'decide takes [step] <choice>', {
      hint: 'put an answer of several words into quotes',
    });
  }
  const choice = words.at(-1) ?? '';
  const step = words.length === 2 ? words[0] : undefined;
  const data = options.data === undefined ? {} : { data: jsonOrText(options.data) };
  return sendSignal(cli, run, { type: 'decision', step, payload: { choice, ...data } }, options);
}
