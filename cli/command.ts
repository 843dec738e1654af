/**
 * What a command is, and what it is given: streams, configuration, the opened application.
 *
 * A command's module only describes and acts; opening, closing and error texts are here and in
 * `program.ts`. Nothing heavy is imported before a command asks for the application.
 */

import type { Command } from 'commander';
import type { Config } from '../src/config.ts';
import { printJson } from '../src/model/json-text.ts';
import { terminalJson } from '../src/model/terminal-text.ts';
import type { CallContext } from '../src/ops/operation.ts';
import type { SourceInput } from '../src/ops/shapes.ts';
import type { SourceText } from './errors.ts';
import type { App, CommonOptions, Environment, ExecutingApp, Opening } from './given.ts';
import { createOpening } from './opening.ts';
import { type ConfigToLook, createConfigs } from './read-config.ts';
import { readSource, STDIN, STDIN_NAME, sourceOfText } from './sources.ts';
import type { Terminal } from './terminal.ts';

export type { App, CommonOptions, Environment, ExecutingApp };

export interface Cli extends Opening {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly env: Environment;
  /** One line of result, on stdout. */
  print(line: string): void;
  printLines(lines: readonly string[]): void;
  /** A JSON document on stdout. */
  printJson(value: unknown): void;
  /** A line of JSON on stdout, for streams. */
  printJsonLine(value: unknown): void;
  /** One line for the person, on stderr; nothing with `--json`. */
  note(line: string): void;
  /** The settings, all of which can be used. @throws VALIDATION_ERROR */
  config(): Config;
  /**
   * The settings for what only looks or stops: what is wrong in settings.json is left out, which is said
   * once. `everything`: also what is wrong elsewhere; whoever asks for that says so itself.
   */
  configToLook(excused?: 'everything'): ConfigToLook;
  /** Where log lines go: to what owns the screen just now, else (null) to stderr. */
  logTo(sink: ((line: string) => void) | null): void;
  /** Who calls and from where. With an agent's name it is that agent who speaks. */
  context(options?: { agent?: string | undefined; abort?: AbortSignal }): CallContext;
  /** Reads a workflow file and remembers its text for error messages. */
  readSource(file: string): ReturnType<typeof readSource>;
  /** The same, or what stands on standard input for `-`. */
  readFileOrStdin(file: string): Promise<SourceInput>;
  readonly sources: readonly SourceText[];
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

/** JSON that does nothing to a terminal. */
const jsonText = (value: unknown, indent: number): string => terminalJson(printJson(value, indent));

/** The context of one invocation. */
export function createCli(terminal: Terminal, env: Environment, common: CommonOptions): Cli {
  const sources: SourceText[] = [];
  let logSink: ((line: string) => void) | null = null;
  const write = (text: string): void => terminal.stdout.write(text);
  const note = (line: string): void => {
    if (common.json !== true) terminal.stderr.write(`${line}\n`);
  };
  const remembered = <S extends SourceInput>(file: string, source: S): S => {
    sources.splice(0, sources.length, { file, text: source.text });
    return source;
  };
  const { config, configToLook } = createConfigs({ terminal, env, common });
  const opening = createOpening({
    terminal,
    env,
    common,
    note,
    config,
    configToLook: () => configToLook().config,
    logSink: () => logSink,
  });
  return {
    terminal,
    json: common.json === true,
    env,
    sources,
    print: (line) => write(`${line}\n`),
    printLines: (lines) => {
      if (lines.length > 0) write(`${lines.join('\n')}\n`);
    },
    printJson: (value) => write(`${jsonText(value, terminal.stdout.isTerminal ? 2 : 0)}\n`),
    printJsonLine: (value) => write(`${jsonText(value, 0)}\n`),
    note,
    config,
    configToLook,
    ...opening,
    logTo: (sink) => {
      logSink = sink;
    },
    context: ({ agent, abort } = {}) => {
      const { user, callerEnv } = configToLook().config;
      return {
        caller: {
          agentId: agent ?? `cli:${user}`,
          role: 'local',
          sender: agent === undefined ? 'person' : 'agent',
        },
        exec: { cwd: process.cwd(), env: callerEnv },
        ...(abort === undefined ? {} : { abort }),
      };
    },
    readFileOrStdin: async (file) => {
      if (file !== STDIN) return remembered(file, readSource(file));
      return remembered(STDIN_NAME, sourceOfText(await terminal.stdin.readAll()));
    },
    readSource: (file) => remembered(file, readSource(file)),
  };
}
