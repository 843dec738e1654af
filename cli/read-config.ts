/**
 * The configuration as a command gets it: whole, or, for what only looks or stops, with what is wrong in
 * settings.json left out and said.
 */
import { readFileSync } from 'node:fs';
import { withOwnDatabase } from '../src/app-former.ts';
import { type Config, loadConfig, loadConfigToLook } from '../src/config.ts';
import { AppError } from '../src/model/error.ts';
import { isJsonObject } from '../src/model/json.ts';
import type { SettingKey } from '../src/settings.ts';
import { errorLines, lookOf, type SourceText } from './errors.ts';
import type { CommonOptions, Environment } from './given.ts';
import type { Terminal } from './terminal.ts';

export type ConfigToLook = ReturnType<typeof loadConfigToLook>;

interface Parts {
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly common: CommonOptions;
}

/** Reads the configuration when it is asked for, once in each way. */
export function createConfigs({ terminal, env, common }: Parts): {
  config(): Config;
  configToLook(excused?: 'everything'): ConfigToLook;
} {
  const options = { flags: flagsOf(common), env };
  let config: Config | null = null;
  let toLook: ConfigToLook | null = null;
  let said = false;
  const own = (found: Config): Config => {
    const { config: used, notice } = withOwnDatabase(found);
    if (notice !== null && !said && common.json !== true) terminal.stderr.write(`${notice}.\n`);
    said = notice !== null;
    return used;
  };
  const ownToLook = (found: ConfigToLook): ConfigToLook => ({
    ...found,
    config: own(found.config),
  });
  const warn = (problem: AppError): void => {
    if (common.json === true) return;
    const { stderr } = terminal;
    const source = settingsSourceOf(problem);
    const look = lookOf(stderr.style, stderr.columns());
    const lines = errorLines(problem, source === null ? [] : [source], look);
    stderr.write(`${lines.join('\n')}\n${stderr.style.yellow(GOES_ON)}\n`);
  };
  return {
    config: () => {
      config ??= own(loadConfig(options));
      return config;
    },
    configToLook: (excused) => {
      if (excused !== undefined) {
        const { config: found, problem } = loadConfigToLook(options, excused);
        return { config: own(found), problem };
      }
      if (toLook !== null) return toLook;
      toLook =
        config === null ? ownToLook(loadConfigToLook(options, 'file')) : { config, problem: null };
      if (toLook.problem !== null) warn(toLook.problem);
      return toLook;
    },
  };
}

const GOES_ON = 'Going on with the defaults in place of what is wrong there.';

/** The settings.json that an error is about, when it names lines in it. */
export function settingsSourceOf(thrown: unknown): SourceText | null {
  if (!(thrown instanceof AppError) || !isJsonObject(thrown.details)) return null;
  const { file, issues } = thrown.details;
  const isPlaced =
    Array.isArray(issues) && issues.some((issue) => isJsonObject(issue) && 'line' in issue);
  if (typeof file !== 'string' || !isPlaced) return null;
  return { file, text: readFileSync(file, 'utf8') };
}

function flagsOf({ dbPath, logLevel }: CommonOptions): Partial<Record<SettingKey, unknown>> {
  return {
    ...(dbPath === undefined ? {} : { db_path: dbPath }),
    ...(logLevel === undefined ? {} : { log_level: logLevel }),
  };
}
