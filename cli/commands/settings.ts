/** `opcode settings`: every setting with its value and where that comes from. Secrets are no settings. */

import type { Command } from 'commander';
import type { Config } from '../../src/config.ts';
import { AppError } from '../../src/model/error.ts';
import { meantOr } from '../../src/ops/near-names.ts';
import { SETTINGS, type SettingKey } from '../../src/settings.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { errorJson } from '../errors.ts';
import { EXIT } from '../exit.ts';
import { table } from '../print/table.ts';

interface Options {
  readonly changed?: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('[key]', 'one setting, or all under this beginning (retention)')
      .option('--changed', 'only what is not the default')
      .action(act(settings))
      .addHelpText('after', '\nFlag, then environment, then settings.json, then default.'),
    [
      ['opcode settings', 'all of them'],
      ['opcode settings retention', 'those that begin so'],
    ],
  );
}

async function settings(cli: Cli, key: string | undefined, { changed }: Options): Promise<number> {
  const { config, problem } = cli.configToLook();
  const keys = Object.keys(SETTINGS) as SettingKey[];
  const fits = (each: string): boolean =>
    key === undefined || each === key || each.startsWith(`${key}.`);
  const asked = keys.filter(fits);
  if (asked.length === 0) {
    throw new AppError('NOT_FOUND', `there is no setting "${key}"`, {
      hint: meantOr(key ?? '', keys, 'opcode settings lists all'),
    });
  }
  const shown = asked.filter((each) => changed !== true || config.origins[each] !== 'default');
  if (cli.json) {
    const list = shown.map((each) => ({
      key: each,
      value: inUse(config, each),
      origin: config.origins[each],
      default: SETTINGS[each].fallback,
      about: SETTINGS[each].doc,
    }));
    const problems = problem === null ? {} : { problem: errorJson(problem).error };
    cli.printJson({ file: config.settingsPath, settings: list, ...problems });
    return EXIT.ok;
  }
  const { stdout } = cli.terminal;
  const rows = shown.map((each) => [
    each,
    valueText(each, inUse(config, each)),
    config.origins[each],
    SETTINGS[each].doc,
  ]);
  cli.printLines(
    table(['key', 'value', 'from', 'about'], rows, {
      style: stdout.style,
      width: stdout.columns(),
    }),
  );
  cli.note(`File: ${config.settingsPath}`);
  return EXIT.ok;
}

/** The value in use; where the database is follows from the home when nothing says it. */
const inUse = (config: Config, key: SettingKey): unknown =>
  key === 'db_path' ? config.dbPath : config.settings[key];

/** As it would be written in the file. */
function valueText(key: SettingKey, value: unknown): string {
  const isDuration = SETTINGS[key].accepts.startsWith('a duration');
  if (isDuration) return value === null ? 'never' : durationText(Number(value));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

function durationText(ms: number): string {
  let left = ms;
  const parts = UNITS.flatMap(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.length === 0 ? '0s' : parts.join('');
}
