/**
 * `opcode restore`: puts a backup in the place of the database. Nothing in it goes on by itself: says
 * what waits, and how to let it go on.
 */
import type { Command } from 'commander';
import type { Restored } from '../../src/app-restore.ts';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { counted } from '../print/text.ts';

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<file>', 'a backup, or a copy of a database')
      .action(act(restore))
      .addHelpText(
        'after',
        '\nThe database that is there now stays beside it. Unfinished runs are suspended\n' +
          'and schedules paused until somebody resumes them; notices that had not been\n' +
          'delivered are not.',
      ),
    [
      ['opcode restore ~/.opcode/backups/opcode-20260131-033000.db', 'go back to it'],
      ['opcode restore old.db --json', 'what waits, for a program'],
    ],
  );
}

async function restore(cli: Cli, file: string): Promise<number> {
  const config = cli.config();
  const { findDaemon } = await import('../../src/app-serve.ts');
  const daemon = findDaemon(config);
  if (daemon !== null && daemon.alive !== false) {
    const where = daemon.alive === true ? '' : ` on ${daemon.host}`;
    throw new AppError('CONFLICT', `the daemon runs: pid ${daemon.pid}${where}`, {
      hint: 'opcode stop, then restore',
    });
  }
  const { restoreBackup } = await import('../../src/app-restore.ts');
  const restored = await restoreBackup(config, file, Date.now());
  if (cli.json) cli.printJson(jsonOf(restored));
  else cli.printLines(linesOf(restored));
  return EXIT.ok;
}

const jsonOf = ({ database, from, before, runs, ...held }: Restored) => ({
  database,
  from,
  before,
  runs,
  ...held,
});

function linesOf(restored: Restored): string[] {
  const { runs, suspended, pending, decisions, schedules, notices, before, tokens } = restored;
  const lines = [`Restored ${counted(runs, 'run')} from ${restored.from}.`];
  if (before !== null) lines.push(`What was there is kept: ${before}`);
  if (suspended > 0) {
    lines.push(`${counted(suspended, 'unfinished run')} suspended. To let them go on:`);
    lines.push('  opcode resume --where status=suspended');
  }
  if (pending > 0) {
    lines.push(`${counted(pending, 'run')} that had not begun held back. To let them begin:`);
    lines.push('  opcode resume --where status=pending');
  }
  if (decisions > 0) {
    lines.push(
      `${counted(decisions, 'decision')} can be answered; nothing behind runs before that.`,
    );
  }
  if (schedules > 0) {
    lines.push(`${counted(schedules, 'schedule')} paused. To let one fire again:`);
    lines.push('  opcode schedule enable <name>');
  }
  if (notices > 0) lines.push(`${counted(notices, 'undelivered notice')} will not be sent.`);
  if (tokens > 0) {
    lines.push(`${counted(tokens, 'token')} of the backup let somebody in. To see which:`);
    lines.push('  opcode token list');
  }
  return lines;
}
