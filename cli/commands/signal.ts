/** `opcode signal`: any signal to a run; the short forms are commands of their own. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { SIGNAL_TYPES, type SignalType } from '../../src/model/event.ts';
import { isJsonObject, type Json } from '../../src/model/json.ts';
import { jsonOrText } from '../args.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

interface Options extends SignalOptions {
  readonly step?: string;
  readonly name?: string;
  readonly choice?: string;
  readonly data?: string;
}

export function configure(command: Command, act: Act): void {
  command
    .usage('[options] <run> <type>')
    .argument('<words...>', `run and type (${SIGNAL_TYPES.join(', ')}); only the type with --where`)
    .option('--step <step>', 'the step it is for')
    .option('--name <name>', 'name of the signal (data)')
    .option('--choice <option>', 'the choice (decision)')
    .option('--data <json>', 'data sent with it, JSON or text');
  withExamples(addSignalOptions(command, { bulk: true }).action(act(signal)), [
    [`opcode signal @last data --name paid --data '{"amount": 12}'`, 'what a wait step waits for'],
    ['opcode signal 01934c decision --step approve --choice yes', 'the same as decide'],
  ]);
}

async function signal(cli: Cli, words: string[], options: Options): Promise<number> {
  const [run, type, ...more] = options.where === undefined ? words : [undefined, ...words];
  if (type === undefined || more.length > 0) {
    throw new AppError('VALIDATION_ERROR', 'signal takes a run and a type', {
      hint: `types: ${SIGNAL_TYPES.join(', ')}`,
    });
  }
  const known = SIGNAL_TYPES.find((each) => each === type);
  if (known === undefined) {
    throw new AppError('VALIDATION_ERROR', `"${type}" is no signal`, {
      hint: `types: ${SIGNAL_TYPES.join(', ')}`,
    });
  }
  const payload = payloadOf(known, options);
  return sendSignal(
    cli,
    run,
    { type: known, step: options.step, name: options.name, payload },
    options,
  );
}

function payloadOf(type: SignalType, { choice, data }: Options): Json | undefined {
  const value = data === undefined ? undefined : jsonOrText(data);
  if (type === 'decision') {
    return {
      ...(choice === undefined ? {} : { choice }),
      ...(value === undefined ? {} : { data: value }),
    };
  }
  if (choice !== undefined) throw new AppError('VALIDATION_ERROR', '--choice is for decisions');
  if (type === 'retry' && value !== undefined) return { inputs: value };
  if (value !== undefined && type !== 'data' && !isJsonObject(value)) {
    throw new AppError('VALIDATION_ERROR', `--data of ${type} must be a JSON object`);
  }
  return value;
}
