/**
 * `opcode gc`: removes ended runs that are old enough and shrinks the database, beside whatever
 * executes. Ctrl-C stops it between two pieces; the next one goes on.
 */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { ENDED_STATUSES, type EndedStatus } from '../../src/model/upkeep-store.ts';
import type { GcContext } from '../../src/ops/gc.ts';
import type { GcOutput } from '../../src/ops/upkeep-schemas.ts';
import { wholeNumber } from '../args.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { bytesText } from '../print/bytes.ts';
import { counted } from '../print/text.ts';
import { interruptible } from '../progress/interruptible.ts';

interface Options {
  readonly olderThan?: string;
  readonly status?: string;
  readonly keepLast?: number;
  readonly dryRun?: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .option('--older-than <age>', 'what ended longer ago, e.g. 7d; 0: all that has ended')
      .option('--status <list>', 'only completed, failed or cancelled ones')
      .option('--keep-last <n>', 'newest ended runs of each template that stay', wholeNumber(0))
      .option('--dry-run', 'only count')
      .action(act(gc))
      .addHelpText(
        'after',
        '\nWithout --older-than: what the settings retention.* say. Unfinished runs are\n' +
          'never touched.',
      ),
    [
      ['opcode gc --dry-run', 'what would go'],
      ['opcode gc --older-than 7d --status completed', 'completed runs that are a week old'],
    ],
  );
}

async function gc(cli: Cli, options: Options): Promise<number> {
  const app = await (options.dryRun === true ? cli.openToLook() : cli.open({ makesRoom: true }));
  const input = {
    ...(options.olderThan === undefined ? {} : { older_than: options.olderThan }),
    ...(options.status === undefined ? {} : { status: statusesOf(options.status) }),
    ...(options.keepLast === undefined ? {} : { keep_last: options.keepLast }),
    dry_run: options.dryRun === true,
  };
  const result = await interruptible(cli, (abort, draw) => {
    const context: GcContext = {
      ...cli.context({ abort }),
      onProgress: ({ phase, runs, bytes }) =>
        draw(
          phase === 'runs'
            ? `Removing: ${counted(runs, 'run')} gone`
            : `Giving room back: ${bytesText(bytes)}`,
        ),
    };
    return app.ops.gc(context, input);
  });
  if (cli.json) cli.printJson(result);
  else cli.printLines(linesOf(result));
  return result.stopped ? EXIT.interrupted : EXIT.ok;
}

function statusesOf(text: string): EndedStatus[] {
  return text.split(',').map((word) => {
    const status = ENDED_STATUSES.find((each) => each === word.trim());
    if (status !== undefined) return status;
    throw new AppError(
      'VALIDATION_ERROR',
      `--status: "${word.trim()}" is no status of an ended run`,
      {
        hint: `write one or more of ${ENDED_STATUSES.join(', ')}, separated by commas`,
      },
    );
  });
}

function linesOf(result: GcOutput): string[] {
  const { runs, children, by_status: byStatus, definitions } = result;
  const parts = ENDED_STATUSES.filter((status) => byStatus[status] > 0).map(
    (status) => `${byStatus[status]} ${status}`,
  );
  if (children > 0) parts.push(`${children} started by them`);
  const what = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  if (result.dry_run) return [`Would remove ${counted(runs, 'run')}${what}.`];
  return [
    `Removed ${counted(runs, 'run')}${what}${definitions === 0 ? '' : ` and ${counted(definitions, 'unused definition')}`}.`,
    `The database had ${bytesText(result.bytes_before)}, now ${bytesText(result.bytes_after)}.`,
    ...(result.stopped ? ['Stopped before the end; the next gc goes on.'] : []),
  ];
}
