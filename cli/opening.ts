/**
 * Opening the application for a command: to look, to read and send, or to execute; on this machine or,
 * with `OPCODE_URL`, on a server.
 */
import type { ExecuteOptions, openApp } from '../src/app.ts';
import type { Config } from '../src/config.ts';
import { createLogger } from '../src/log.ts';
import { AppError } from '../src/model/error.ts';
import type { App, CommonOptions, Environment, OpenedFor, Opening } from './given.ts';
import { openServer, serverOf } from './server.ts';
import type { Terminal } from './terminal.ts';
import { closeOnUncaught } from './uncaught.ts';
import { release } from './version.ts';

type OpenedApp = Awaited<ReturnType<typeof openApp>>;

interface Parts {
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly common: CommonOptions;
  readonly note: (line: string) => void;
  readonly config: () => Config;
  readonly configToLook: () => Config;
  /** What owns the screen just now and gets log lines; null: stderr. */
  readonly logSink: () => ((line: string) => void) | null;
}

/** Opens what a command asks for, once, and closes it. */
export function createOpening(parts: Parts): Opening {
  const { terminal, env, common, note } = parts;
  const server = serverOf(env);
  let app: Promise<OpenedApp> | null = null;
  let looking: Promise<OpenedApp> | null = null;
  const openHere = async (config: Config, isFor: OpenedFor & { looks?: true }) => {
    const { stderr } = terminal;
    const { logMask } = await import('../src/app-secrets.ts');
    const mask = logMask(config);
    const log = createLogger({
      mask,
      level: config.settings.log_level,
      pretty: stderr.isTerminal,
      color: stderr.style.enabled,
      write: (line) => (parts.logSink() ?? stderr.write)(line),
      now: Date.now,
    });
    const module = await import('../src/app.ts');
    const opened = await module.openApp(config, { execute: false, log, ...isFor });
    closeOnUncaught({ log: null, mask, close: () => opened.store.close() });
    return opened;
  };
  const elsewhere = (url: string): Promise<OpenedApp> =>
    openServer(env, url, common.allowHttp === true);
  const open = (isFor: OpenedFor = {}): Promise<OpenedApp> => {
    if (app !== null) return app;
    const opened = server === null ? openHere(parts.config(), isFor) : elsewhere(server);
    app = opened;
    // Who could not open it may still look.
    opened.catch(() => {
      app = null;
    });
    return opened;
  };
  return {
    server,
    open,
    openToLook: ({ needsData = true } = {}) => {
      if (app !== null || server !== null) return open();
      const config = parts.configToLook();
      looking ??= openHere(config, { looks: true });
      const opened = looking;
      if (needsData) return opened;
      return opened.catch((thrown: unknown) => {
        if (!isOutdated(thrown)) throw thrown;
        // Nothing of the database is asked for: an empty one, of a file that is not there, will do.
        looking = openHere({ ...config, dbPath: `${config.dbPath}.none` }, { looks: true });
        return looking;
      });
    },
    openExecuting: async (options = {}) => (await open()).execute(options),
    openUnlessDaemon: async (options = {}) => {
      const opened = await open();
      return server === null ? leaveOrExecute(opened, options, note) : opened;
    },
    close: async () => {
      for (const each of [looking, app]) {
        const opened = await each?.catch(() => null);
        await opened?.close();
      }
    },
  };
}

/** True for a database that has to be brought up to date before it is read. */
const isOutdated = (thrown: unknown): boolean =>
  thrown instanceof AppError && JSON.stringify(thrown.details ?? null).includes('"older_schema"');

/** The application without an engine when a fit daemon lives; says why one that lives is not fit. */
async function leaveOrExecute(
  opened: OpenedApp,
  options: ExecuteOptions,
  note: (line: string) => void,
): Promise<App> {
  const { findExecutor } = await import('../src/app-handover.ts');
  const found = findExecutor(opened.store, release().version);
  if (found.kind === 'daemon') return opened;
  if (found.kind === 'unfit') note(`Executing here: ${found.why}.`);
  return opened.execute(options);
}
