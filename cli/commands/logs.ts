/** `opcode logs`: what the shell steps of a run printed, masked. */
import type { Command } from 'commander';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { createOutputLines, type OutputLines } from '../progress/output-lines.ts';
import { tellNoExecutor } from '../tell-executor.ts';

interface Options {
  readonly follow?: boolean;
}

type Chunk = Awaited<ReturnType<App['ops']['logs']>>['chunks'][number];

const PAGE = 1000;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<run>', 'run id, its beginning, or @last')
      .argument('[step]', 'only this step')
      .option('-f, --follow', 'go on until the run has ended')
      .action(act(logs)),
    [
      ['opcode logs @last', 'what the last run printed'],
      ['opcode logs 01934c build --follow', 'one step, as it prints'],
    ],
  );
}

async function logs(
  cli: Cli,
  run: string,
  step: string | undefined,
  options: Options,
): Promise<number> {
  const app = await cli.openToLook();
  const wanted = { workflow_id: run, ...(step === undefined ? {} : { step_id: step }) };
  const show = printer(cli, step !== undefined);
  const context = cli.context({ abort: cli.terminal.closed });
  if (options.follow === true) {
    await tellNoExecutor(cli, app, run);
    for await (const chunk of app.ops.followLogs(context, wanted)) show.chunk(chunk);
  } else {
    for await (const chunk of pages(app, cli, wanted)) show.chunk(chunk);
    await tellNoExecutor(cli, app, run);
  }
  show.end();
  return EXIT.ok;
}

async function* pages(
  app: App,
  cli: Cli,
  wanted: { workflow_id: string; step_id?: string },
): AsyncGenerator<Chunk> {
  let after: number | null = 0;
  while (after !== null && !cli.terminal.closed.aborted) {
    const page: Awaited<ReturnType<App['ops']['logs']>> = await app.ops.logs(cli.context(), {
      ...wanted,
      after_offset: after,
      limit: PAGE,
    });
    yield* page.chunks;
    after = page.next_after_offset;
  }
}

/** One step's text is printed as it is, on a terminal without what would act on it; that of several is led by their names. */
function printer(cli: Cli, isOneStep: boolean): { chunk(chunk: Chunk): void; end(): void } {
  const { stdout } = cli.terminal;
  if (cli.json) return { chunk: cli.printJsonLine, end: () => undefined };
  if (isOneStep) {
    const shown = (text: string): string =>
      stdout.isTerminal ? printable(text, stdout.style.enabled) : text;
    return { chunk: ({ text }) => stdout.write(shown(text)), end: () => undefined };
  }
  const lines: OutputLines = createOutputLines(stdout.style);
  return {
    chunk: ({ step_id, stream, text }) => stdout.write(lines.push({ path: step_id, stream, text })),
    end: () => stdout.write(lines.flush()),
  };
}
