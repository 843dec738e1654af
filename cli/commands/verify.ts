/**
 * `opcode verify`: checks the database file, replays the log of every run and compares it with its rows.
 * Reads only.
 */
import type { Command } from 'commander';
import type { VerifyOutput } from '../../src/ops/upkeep-schemas.ts';
import type { VerifyContext } from '../../src/ops/verify.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { counted, crop, inlineJson } from '../print/text.ts';
import { interruptible } from '../progress/interruptible.ts';

const VALUE_WIDTH = 200;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('[run]', 'only this run: id, its beginning, or @last')
      .action(act(verify))
      .addHelpText('after', '\nExit code 1 when something is wrong. Works beside a daemon.'),
    [
      ['opcode verify', 'the file and every run'],
      ['opcode verify @last', 'one run'],
    ],
  );
}

async function verify(cli: Cli, run: string | undefined): Promise<number> {
  const app = await cli.openToLook();
  const result = await interruptible(cli, (abort, draw) => {
    const context: VerifyContext = {
      ...cli.context({ abort }),
      onProgress: ({ phase, checked, total }) =>
        draw(
          phase === 'file'
            ? 'Checking the file'
            : `Replaying: ${checked} of ${counted(total, 'run')}`,
        ),
    };
    return app.ops.verify(context, run === undefined ? {} : { workflow_id: run });
  });
  if (cli.json) cli.printJson(result);
  else cli.printLines(linesOf(cli, result));
  if (!result.ok) return EXIT.failed;
  return result.stopped ? EXIT.interrupted : EXIT.ok;
}

function linesOf(cli: Cli, result: VerifyOutput): string[] {
  const { problems, mismatches, differences, runs, ok, stopped } = result;
  const { style } = cli.terminal.stdout;
  const value = (json: VerifyOutput['mismatches'][number]['row']): string =>
    crop(inlineJson(json), VALUE_WIDTH);
  const more = differences - mismatches.length;
  return [
    ...problems.map((problem) => style.red(problem)),
    ...mismatches.flatMap(({ workflow_id, field, row, log }) => [
      style.red(`run ${workflow_id}: ${field}`),
      `  row: ${value(row)}`,
      `  log: ${value(log)}`,
    ]),
    ...(more > 0 ? [`… and ${counted(more, 'more difference')}`] : []),
    ok
      ? `${stopped ? 'So far' : 'All'} is as the logs say: ${counted(runs, 'run')}.`
      : `${counted(problems.length, 'problem')} of the file, ${counted(differences, 'difference')} in ${counted(runs, 'run')}.`,
    ...(ok ? [] : ['Keep a copy of the database before anything else, and restore a backup.']),
  ];
}
