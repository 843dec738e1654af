/**
 * The options that every signalling command has.
 */
import { type Command, Option } from 'commander';
import type { App } from './command.ts';

/** A signal without the run it goes to. */
export type SignalInput = Omit<Parameters<App['ops']['signal']>[1], 'workflow_id'>;

export interface SignalOptions {
  readonly agent?: string;
  readonly reason?: string;
  readonly detach?: boolean;
  readonly wait?: string;
  readonly where?: string;
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly idempotencyKey?: string;
}

/** The options every signalling command has. */
export function addSignalOptions(command: Command, options: { bulk: boolean }): Command {
  command
    .option('--reason <text>', 'why; recorded with the signal')
    .option('--agent <name>', 'speak in the name of this agent')
    .addOption(new Option('--detach', 'do not go on with the run here').conflicts('wait'))
    .option('--wait <duration>', 'leave after this time, e.g. 30s')
    .option('--idempotency-key <key>', 'send at most one signal with this key')
    .option('-q, --quiet', 'no progress');
  if (!options.bulk) return command;
  return command
    .option('--where <conditions>', 'to every run that fits, e.g. status=failed,template=deploy')
    .option('-y, --yes', 'with --where: do not ask');
}
