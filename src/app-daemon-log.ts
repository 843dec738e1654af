/** The log of a daemon: its level follows the settings, and what its runs do stands in it. */
import type { App } from './app.ts';
import { createRunLog, writeTogether } from './app-run-log.ts';
import { logMask } from './app-secrets.ts';
import type { Config } from './config.ts';
import { createLogger, LOG_LEVELS } from './log.ts';
import type { Logger } from './model/ports.ts';

interface LogOptions {
  readonly config: Config;
  readonly write: (line: string) => void;
  readonly pretty: boolean;
  readonly color: boolean;
}

/** The settings as they are now. */
interface Live {
  readonly config: Config;
}

/** Logs what runs do until the result is called. */
export function logRuns(
  options: LogOptions,
  live: Live,
  { engine, store }: Pick<App, 'engine' | 'store'>,
): () => void {
  if (engine === null) return () => undefined;
  const { write, flush } = writeTogether(options.write);
  const log = reloadableLog({ ...options, write }, live);
  const isWritten = (level: keyof Logger): boolean =>
    LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(live.config.settings.log_level);
  const stop = engine.onEvents(createRunLog({ store, log, isWritten }));
  return () => {
    stop();
    flush();
  };
}

/** A log whose level follows the settings. */
export function reloadableLog(options: LogOptions, live: Live): Logger {
  const { write, pretty, color } = options;
  const mask = logMask(options.config);
  const at = (): Logger =>
    createLogger({
      level: live.config.settings.log_level,
      pretty,
      color,
      write,
      mask,
      now: Date.now,
    });
  return {
    debug: (message, fields) => at().debug(message, fields),
    info: (message, fields) => at().info(message, fields),
    warn: (message, fields) => at().warn(message, fields),
    error: (message, fields) => at().error(message, fields),
  };
}
