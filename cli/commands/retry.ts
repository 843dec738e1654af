/** `opcode retry`: makes a failed run active again, at what failed. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { isJsonObject } from '../../src/model/json.ts';
import { jsonOrText } from '../args.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { sendSignal } from '../send-signal.ts';
import { addSignalOptions, type SignalOptions } from '../signal-options.ts';

interface Options extends SignalOptions {
  readonly inputs?: string;
}

export function configure(command: Command, act: Act): void {
  command
    .argument('[run]', 'run id, its beginning, or @last')
    .argument('[step]', 'only this failed step')
    .option('--inputs <json>', 'params to change in the step');
  withExamples(addSignalOptions(command, { bulk: true }).action(act(retry)), [
    ['opcode retry @last', 'once the cause is gone'],
    [`opcode retry 01934c upload --inputs '{"url": "https://example.org"}'`, 'with other params'],
  ]);
}

async function retry(
  cli: Cli,
  run: string | undefined,
  step: string | undefined,
  options: Options,
): Promise<number> {
  const inputs = options.inputs === undefined ? undefined : jsonOrText(options.inputs);
  if (inputs !== undefined && !isJsonObject(inputs)) {
    throw new AppError('VALIDATION_ERROR', '--inputs must be a JSON object');
  }
  const payload = inputs === undefined ? undefined : { inputs };
  return sendSignal(cli, run, { type: 'retry', step, payload }, options);
}
