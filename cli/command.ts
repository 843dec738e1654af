/**
 * What a command is, and what it is given: streams, configuration, the opened application.
 *
 * A command's module only describes and acts; opening, closing and error texts are here and in
 * `program.ts`. Nothing heavy is imported before a command asks for the application.
 */
import type { Command } from 'commander';
import type { App, ExecuteOptions, openApp } from '../src/app.ts';
import { type Config, loadConfig } from '../src/config.ts';
import { createLogger } from '../src/log.ts';
import type { Engine } from '../src/model/engine.ts';
import type { CallContext } from '../src/ops/operation.ts';
import type { SettingKey } from '../src/settings.ts';
import type { SourceText } from './errors.ts';
import { openServer, serverOf } from './server.ts';
import { readSource } from './sources.ts';
import type { Terminal } from './terminal.ts';
import { release } from './version.ts';

export type { App };

type OpenedApp = Awaited<ReturnType<typeof openApp>>;
/** The application in a process that executes runs. */
export type ExecutingApp = App & { readonly engine: Engine };

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly dbPath?: string;
  readonly logLevel?: string;
  readonly allowHttp?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Cli {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly env: Environment;
  /** The server that commands work on; null when they work on this machine's database. */
  readonly server: string | null;
  /** One line of result, on stdout. */
  print(line: string): void;
  printLines(lines: readonly string[]): void;
  /** A JSON document on stdout. */
  printJson(value: unknown): void;
  /** A line of JSON on stdout, for streams. */
  printJsonLine(value: unknown): void;
  /** One line for the person, on stderr; nothing with `--json`. */
  note(line: string): void;
  config(): Config;
  /** Opens the application once, to read and to send; `program.ts` closes it. */
  open(): Promise<App>;
  /** Opens the application once, to execute runs; `program.ts` closes it. */
  openExecuting(options?: ExecuteOptions): Promise<ExecutingApp>;
  /** The same, but without an engine when a daemon lives that does what would be done here. */
  openUnlessDaemon(options?: ExecuteOptions): Promise<App>;
  /** Where log lines go: to what owns the screen just now, else (null) to stderr. */
  logTo(sink: ((line: string) => void) | null): void;
  /** Who calls and from where. With an agent's name it is that agent who speaks. */
  context(options?: { agent?: string | undefined; abort?: AbortSignal }): CallContext;
  /** Reads a workflow file and remembers its text for error messages. */
  readSource(file: string): ReturnType<typeof readSource>;
  readonly sources: readonly SourceText[];
  /** Closes what was opened. */
  close(): Promise<void>;
}

type Handler<A extends unknown[]> = (cli: Cli, ...args: A) => Promise<number>;
/** Makes a handler of positional arguments and options into what commander calls. */
export type Act = <A extends unknown[]>(handler: Handler<A>) => (...args: A) => Promise<void>;

/** A command's module: names arguments, options, examples and what to do. */
export interface CommandModule {
  readonly configure: (command: Command, act: Act) => void;
}

/** Adds the examples to a command's help: what each does beside it, or below where that is too wide. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [line: string, what: string])[],
): Command {
  const first = Math.max(...examples.map(([line]) => line.length));
  const whole = 4 + first + Math.max(...examples.map(([, what]) => what.length));
  return command.addHelpText('after', () => {
    const isNarrow = whole > (command.configureOutput().getOutHelpWidth?.() ?? whole);
    const lines = examples.map(([line, what]) =>
      isNarrow ? `  ${line}\n      ${what}` : `  ${line.padEnd(first)}  ${what}`,
    );
    return `\nExamples:\n${lines.join('\n')}`;
  });
}

/** The context of one invocation. */
export function createCli(terminal: Terminal, env: Environment, common: CommonOptions): Cli {
  const sources: SourceText[] = [];
  let config: Config | null = null;
  const server = serverOf(env);
  let app: Promise<OpenedApp> | null = null;
  let logSink: ((line: string) => void) | null = null;
  const write = (text: string): void => terminal.stdout.write(text);
  const configOf = (): Config => {
    config ??= loadConfig({ flags: flagsOf(common), env });
    return config;
  };
  const logLine = (line: string): void =>
    logSink === null ? terminal.stderr.write(line) : logSink(line);
  const open = (): Promise<OpenedApp> => {
    app ??=
      server === null
        ? openHere(terminal, configOf(), logLine)
        : openServer(env, server, common.allowHttp === true);
    return app;
  };
  const note = (line: string): void => {
    if (common.json !== true) terminal.stderr.write(`${line}\n`);
  };
  return {
    terminal,
    json: common.json === true,
    env,
    server,
    sources,
    print: (line) => write(`${line}\n`),
    printLines: (lines) => {
      if (lines.length > 0) write(`${lines.join('\n')}\n`);
    },
    printJson: (value) =>
      write(`${JSON.stringify(value, null, terminal.stdout.isTerminal ? 2 : undefined)}\n`),
    printJsonLine: (value) => write(`${JSON.stringify(value)}\n`),
    note,
    config: configOf,
    open,
    openExecuting: async (options = {}) => (await open()).execute(options),
    openUnlessDaemon: async (options = {}) => {
      const opened = await open();
      return server === null ? leaveOrExecute(opened, options, note) : opened;
    },
    logTo: (sink) => {
      logSink = sink;
    },
    context: ({ agent, abort } = {}) => ({
      caller: {
        agentId: agent ?? `cli:${configOf().user}`,
        role: 'local',
        sender: agent === undefined ? 'person' : 'agent',
      },
      exec: { cwd: process.cwd(), env: configOf().callerEnv },
      ...(abort === undefined ? {} : { abort }),
    }),
    readSource: (file) => {
      const source = readSource(file);
      sources.splice(0, sources.length, { file, text: source.text });
      return source;
    },
    close: async () => {
      const opened = await app?.catch(() => null);
      await opened?.close();
    },
  };
}

/** The application over this machine's database; what it logs goes to `write`. */
async function openHere(
  { stderr }: Terminal,
  config: Config,
  write: (line: string) => void,
): Promise<OpenedApp> {
  const { logMask } = await import('../src/app-secrets.ts');
  const log = createLogger({
    level: config.settings.log_level,
    pretty: stderr.isTerminal,
    color: stderr.style.enabled,
    mask: logMask(config),
    write,
    now: Date.now,
  });
  const { openApp } = await import('../src/app.ts');
  return openApp(config, { execute: false, log });
}

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

function flagsOf({ dbPath, logLevel }: CommonOptions): Partial<Record<SettingKey, unknown>> {
  return {
    ...(dbPath === undefined ? {} : { db_path: dbPath }),
    ...(logLevel === undefined ? {} : { log_level: logLevel }),
  };
}
