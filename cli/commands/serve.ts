/**
 * `opcode serve`: the daemon. Executes runs, takes on what is unfinished, and serves MCP over HTTP on
 * this machine until it is told to stop.
 */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { withOwnDatabase } from '../../src/app-former.ts';
import { whyExposed } from '../../src/app-own-process.ts';
import type { Daemon } from '../../src/app-serve.ts';
import type { ServiceNotify } from '../../src/app-service.ts';
import type { OwnStart } from '../../src/app-successor.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { messageOf } from '../../src/model/error.ts';
import type { Logger } from '../../src/model/ports.ts';
import type { SettingKey } from '../../src/settings.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { openLogFile } from '../log-file.ts';
import { closeOnUncaught } from '../uncaught.ts';

interface Options {
  readonly listenAddr?: string;
  readonly baseUrl?: string;
  readonly poolSize?: string;
  readonly public?: boolean;
  readonly allowHttp?: boolean;
  readonly grace?: string;
  readonly graceUnsafe?: string;
  readonly dbPath?: string;
  readonly logLevel?: string;
  readonly logFile?: string;
  readonly panel?: boolean;
  readonly vaultKey?: string;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .option('--listen-addr <addr>', 'address, e.g. :4100 or 127.0.0.1:4200')
      .option('--base-url <url>', 'URL by which others reach it')
      .option('--pool-size <n>', 'actions executing at once')
      .option('--public', 'listen beyond loopback (needs a token, and TLS or a trusted proxy)')
      .option('--allow-http', 'with --public: without TLS, on a network you trust')
      .option('--grace <duration>', 'at a stop: time for steps that can be repeated (10s)')
      .option('--grace-unsafe <duration>', 'at a stop: time for the others (5m)')
      .option('--panel', 'serve the panel (this version has none yet)')
      .option('--no-panel', 'do not serve the panel')
      .option(
        '--vault-key <key>',
        'accepted, not used and not kept: secrets are OPCODE_SECRET_<NAME>',
      )
      .option('--log-file <file>', 'log here (at most 20 MB are kept) instead of on stderr')
      .action(act(serve))
      .addHelpText(
        'after',
        '\nMCP clients connect to http://127.0.0.1:4100/mcp, or /sse.\n' +
          'SIGTERM stops it, SIGHUP reloads settings.',
      ),
    [
      ['opcode serve', 'serve on port 4100 of this machine'],
      ['opcode serve --listen-addr :4200', 'on another port'],
    ],
  );
}

async function serve(cli: Cli, options: Options): Promise<number> {
  const own = () => withOwnDatabase(loadConfig({ flags: flagsOf(options), env: cli.env }));
  const load = (): Config => own().config;
  const { config, notice } = own();
  const { stderr } = cli.terminal;
  const file = options.logFile === undefined ? null : openLogFile(options.logFile);
  const look =
    file === null
      ? { pretty: stderr.isTerminal, color: stderr.style.enabled }
      : { pretty: false, color: false };
  const write = (line: string): void => (file ?? stderr).write(line);
  const cwd = process.cwd();
  const { logMask } = await import('../../src/app-secrets.ts');
  // What one wants to know whatever is logged besides.
  const log = createLogger({ level: 'info', write, now: Date.now, mask: logMask(config), ...look });
  closeOnUncaught({ log: log.error, close: () => file?.close() });
  const { startDaemon } = await import('../../src/app-serve.ts');
  const isUnit = (cli.env.NOTIFY_SOCKET ?? '') !== '';
  const daemon = await startDaemon({ config, write, isUnit, ...look });
  closeOnUncaught({ log: null, close: daemon.abandon });
  warnOfWriters(config.home, log);
  if (notice !== null) log.warn(notice);
  if (options.vaultKey !== undefined) log.warn(VAULT_KEY);
  if (options.panel === true) log.warn(NO_PANEL);
  warnOfExposed(whyExposed(), log);
  const { urls, recovered } = daemon;
  const service = await serviceOf(cli, log);
  const stopped = untilStopped(daemon, load, log, service);
  if (look.pretty) cli.terminal.stderr.write(`${welcome(urls, config.home).join('\n')}\n`);
  log.info('opcode is ready', { urls, pid: process.pid, home: config.home, recovered });
  service?.ready(urls.join(' '));
  await stopped;
  service?.close();
  log.info('stopped');
  await startNext(config, { args: argumentsOfServe(), cwd, env: cli.env }, log);
  file?.close();
  return EXIT.ok;
}

/** Tells a person at the terminal where the server listens and how to go on. */
const welcome = ([url = '']: readonly string[], home: string): string[] => [
  `Opcode serves ${url}: it executes runs, fires schedules and takes on what was left. Data: ${home}`,
  `For MCP clients: {"mcpServers": {"opcode": {"type": "sse", "url": "${url}/sse"}}}`,
  'Ctrl-C stops it; what is unfinished goes on when it is started again.',
  'In another terminal: opcode --help lists the commands, opcode status shows what runs.',
];

const NO_PANEL = '--panel has no effect yet: this version has no panel in the browser to serve';

const VAULT_KEY =
  '--vault-key is not used: secrets are variables OPCODE_SECRET_<NAME>. Leave it out: every process of this machine can read a command line';

/** Lists the words behind the command name, which may be left out. */
function argumentsOfServe(): readonly string[] {
  const words = process.argv.slice(2);
  return words[0] === 'serve' ? words.slice(1) : words;
}

/** Starts the daemon that a restart asked for. */
async function startNext(config: Config, own: OwnStart, log: Logger): Promise<void> {
  const { startSuccessor } = await import('../../src/app-successor.ts');
  try {
    const next = startSuccessor(config, own);
    if (next !== null) log.info('started its successor', { pid: next.pid });
  } catch (thrown) {
    log.error('no successor was started', { error: messageOf(thrown) });
  }
}

/** Secrets that any process of this user can read are worth a line. */
function warnOfExposed(why: string | null, log: Logger): void {
  if (why === null) return;
  log.warn('the secrets of this process stay readable in /proc: its environment cannot be wiped', {
    error: why,
  });
}

/** Whoever runs the daemon as a service and wants to be told; null when nobody does. */
async function serviceOf(cli: Cli, log: Logger): Promise<ServiceNotify | null> {
  if ((cli.env.NOTIFY_SOCKET ?? '') === '') return null;
  const { openServiceNotify } = await import('../../src/app-service.ts');
  return openServiceNotify(cli.env, log);
}

/** Steps are ended after their time to finish; what remains takes moments. */
const STOP_MARGIN_MS = 30_000;

/** Listens to the signals of the process; resolves when the daemon has stopped. */
function untilStopped(
  daemon: Daemon,
  load: () => Config,
  log: Logger,
  service: ServiceNotify | null,
): Promise<void> {
  const { grace, grace_unsafe: graceUnsafe } = load().settings;
  return new Promise((resolve, reject) => {
    let isStopping = false;
    const stop = (): void => {
      service?.stopping(Math.max(grace, graceUnsafe) + STOP_MARGIN_MS);
      log.info(
        isStopping ? 'stopping now' : 'stopping: steps in flight may finish; once more ends them',
      );
      isStopping = true;
      daemon.stop().then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => {
      service?.reloading();
      try {
        const restart = daemon.reload(load());
        log.info('settings were read again', restart.length === 0 ? {} : { need_restart: restart });
      } catch (thrown) {
        log.error('settings were not read again', { error: messageOf(thrown) });
      }
      service?.ready(daemon.urls.join(' '));
    });
  });
}

const FLAGS: readonly (readonly [keyof Options, SettingKey])[] = [
  ['listenAddr', 'listen_addr'],
  ['baseUrl', 'base_url'],
  ['poolSize', 'pool_size'],
  ['public', 'public'],
  ['panel', 'panel'],
  ['allowHttp', 'allow_http'],
  ['grace', 'grace'],
  ['graceUnsafe', 'grace_unsafe'],
  ['dbPath', 'db_path'],
  ['logLevel', 'log_level'],
];

function flagsOf(options: Options): Partial<Record<SettingKey, unknown>> {
  const given = FLAGS.filter(([option]) => options[option] !== undefined);
  return Object.fromEntries(given.map(([option, key]) => [key, options[option]]));
}

/** Whoever may write to the home may put another database or other settings there. */
function warnOfWriters(home: string, log: Logger): void {
  const { mode } = statSync(home);
  if ((mode & 0o022) === 0) return;
  const text = (mode & 0o777).toString(8);
  log.warn(`others may write to the home: chmod 700 ${home}`, { home, mode: text });
}
