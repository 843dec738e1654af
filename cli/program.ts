/**
 * The command line as a whole: finds the command, parses, acts, closes, and turns whatever was thrown
 * into a text and an exit code.
 *
 * Only the module of the command that is asked for is loaded. stdout carries results, stderr the rest.
 */
import { Command, CommanderError } from 'commander';
import { AppError } from '../src/model/error.ts';
import { terminalJson } from '../src/model/terminal-text.ts';
import { type Act, type Cli, type CommonOptions, createCli, type Environment } from './command.ts';
import { asAppError, errorJson, errorLines, exitCodeOfError, lookOf } from './errors.ts';
import { EXIT } from './exit.ts';
import { settingsSourceOf } from './read-config.ts';
import { refuseElsewhere } from './server.ts';
import { COMMANDS } from './table.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { hintElsewhere, usageError } from './usage.ts';

/** Asked by the scripts of `opcode completion`, and how long they wait for an answer. */
const COMPLETE = '__complete';
const COMPLETION_MS = 2000;

/** Runs one command line to its end and ends the process with its exit code. */
export async function runProgram(args: readonly string[], env: Environment): Promise<void> {
  const terminal = processTerminal(env);
  const code = await execute(args, terminal, env);
  await terminal.flushed();
  process.exit(code);
}

/** What is known of a command line so far. */
interface State {
  code: number;
  cli: Cli | null;
  program: Command | null;
  words: readonly string[];
}

/** Runs one command line; never throws. Returns the exit code. */
export async function execute(
  args: readonly string[],
  terminal: Terminal,
  env: Environment,
): Promise<number> {
  const wantsJson = beforeDashes(args).includes('--json');
  const state: State = { code: EXIT.ok, cli: null, program: null, words: args };
  try {
    if (args[0] === COMPLETE) return await complete(args.slice(1), terminal, env);
    const words = normalised(args);
    state.words = words;
    const act: Act =
      (handler) =>
      async (...args) => {
        const cli = createCli(terminal, env, optionsOf(args));
        state.cli = cli;
        refuseElsewhere(words[0], env);
        state.code = await handler(cli, ...args);
      };
    const program = await buildProgram(words[0], terminal, act);
    state.program = program;
    await program.parseAsync([...words], { from: 'user' });
  } catch (thrown) {
    state.code = report(thrown, terminal, state, wantsJson);
  }
  try {
    await state.cli?.close();
  } catch (thrown) {
    const code = report(thrown, terminal, state, wantsJson);
    if (state.code === EXIT.ok) state.code = code;
  }
  return state.code;
}

/** Prints completions for a shell. */
async function complete(
  words: readonly string[],
  terminal: Terminal,
  env: Environment,
): Promise<number> {
  const { candidates } = await import('./completion.ts');
  // Nothing but candidates may appear while somebody types.
  const cli = createCli(terminal, env, { json: true });
  try {
    // A server that does not answer must not hold up who types.
    const late = Bun.sleep(COMPLETION_MS).then((): string[] => []);
    cli.printLines(await Promise.race([candidates(cli, words), late]));
  } finally {
    await cli.close();
  }
  return EXIT.ok;
}

/**
 * Commander hands a handler its arguments, then the options, then the command. What every command
 * takes may also stand before a subcommand: `opcode token --json list`.
 */
function optionsOf(args: readonly unknown[]): CommonOptions {
  const command = args.at(-1);
  const before = command instanceof Command ? (command.parent?.opts() ?? {}) : {};
  return { ...before, ...(args.at(-2) ?? {}) } as CommonOptions;
}

const beforeDashes = (args: readonly string[]): readonly string[] => {
  const at = args.indexOf('--');
  return at < 0 ? args : args.slice(0, at);
};

const OF_THE_PROGRAM: readonly string[] = ['-h', '--help', '-V', '--version'];

/** `opcode help run` is `opcode run --help`; without a command it is the daemon. */
function normalised(args: readonly string[]): readonly string[] {
  const [first] = args;
  if (first === 'help') return args[1] === undefined ? ['--help'] : [args[1], '--help'];
  if (first !== undefined && (!first.startsWith('-') || OF_THE_PROGRAM.includes(first)))
    return args;
  const meant = hintElsewhere(first);
  if (meant !== null) {
    throw new AppError('VALIDATION_ERROR', `unknown option '${first}'`, { hint: meant });
  }
  const command = args.find((word) => COMMANDS.some(({ name }) => name === word));
  if (command === undefined) return ['serve', ...args];
  throw new AppError(
    'VALIDATION_ERROR',
    `options stand behind the command: ${first} before ${command}`,
    {
      hint: `write opcode ${command} ${first} …`,
    },
  );
}

async function buildProgram(
  wanted: string | undefined,
  terminal: Terminal,
  act: Act,
): Promise<Command> {
  const { style } = terminal.stdout;
  const program = new Command('opcode')
    .description('Durable workflows: defined once, run without spending tokens.')
    .usage('[command] [options]')
    .helpOption('-h, --help', 'Show help')
    .helpCommand(false)
    .enablePositionalOptions()
    .option('-V, --version', 'Print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => terminal.stdout.columns() ?? 100,
      getOutHasColors: () => style.enabled,
    })
    .configureHelp({
      styleTitle: (text) => style.bold(text),
      styleSubcommandText: (text) => style.cyan(text),
      styleOptionTerm: (text) => style.cyan(text),
      styleArgumentText: (text) => style.cyan(text),
      subcommandTerm: (command) => command.name(),
    })
    .addHelpText('after', `\nExamples:\n${FIRST_STEPS.join('\n')}`)
    .addHelpText('after', EXIT_CODES);
  for (const { name, summary, group, load } of COMMANDS) {
    const command = program.command(name).summary(summary).description(summary).helpGroup(group);
    if (name !== wanted) continue;
    (await load()).configure(command, act);
    for (const each of [command, ...command.commands]) {
      addCommonOptions(each);
      each.addHelpText('after', EXIT_CODES);
    }
  }
  return program;
}

const EXIT_CODES = '\nExit codes: opcode query reference --name errors';

const FIRST_STEPS = [
  '  opcode                             the daemon: the same as opcode serve',
  '  opcode examples quickstart --run   see a workflow run to its end',
  '  opcode run deploy.yaml -p env=prod run a workflow file',
  '  opcode <command> --help            options and examples of a command',
];

function addCommonOptions(command: Command): void {
  command
    .optionsGroup('Everywhere:')
    .option('--json', 'Print JSON: one document, or one line per item of a stream')
    .option('--db-path <file>', 'Database file')
    .option('--log-level <level>', 'debug, info, warn or error')
    .helpOption('-h, --help', 'Show help');
  // Serving has one of its own.
  if (command.options.some(({ long }) => long === '--allow-http')) return;
  command.option('--allow-http', 'Let OPCODE_URL be http:// beyond this machine');
}

function report(thrown: unknown, terminal: Terminal, state: State, json: boolean): number {
  const { cli } = state;
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
  const error =
    thrown instanceof CommanderError
      ? usageError(thrown, state.program, state.words)
      : asAppError(thrown);
  if (json) terminal.stdout.write(`${terminalJson(JSON.stringify(errorJson(error)))}\n`);
  else {
    const look = lookOf(terminal.stderr.style, terminal.stderr.columns());
    const settings = settingsSourceOf(error);
    const lines = errorLines(error, settings === null ? (cli?.sources ?? []) : [settings], look);
    terminal.stderr.write(`${lines.join('\n')}\n`);
    if (error.code === 'INTERNAL') showCause(error, terminal, cli);
  }
  const own = COMMANDS.find(({ name }) => name === state.words[0])?.ownFailure;
  return own ?? exitCodeOfError(error);
}

function showCause(error: AppError, terminal: Terminal, cli: Cli | null): void {
  const isDebug = cli?.env.OPCODE_LOG_LEVEL === 'debug';
  if (isDebug && error.cause instanceof Error) terminal.stderr.write(`${error.cause.stack}\n`);
}
