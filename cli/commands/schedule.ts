/** `opcode schedule`: templates that start at given times. */
import type { Command } from 'commander';
import { OUTCOMES, OVERLAPS } from '../../src/model/schedule.ts';
import { collect, versionRef, wholeNumber } from '../args.ts';
import { type Act, withExamples } from '../command.ts';
import { add, disable, enable, remove, update } from '../schedule-changes.ts';
import { backfill, history, list, next, run } from '../schedule-looks.ts';

export function configure(command: Command, act: Act): void {
  withExamples(command, [
    ['opcode schedule add nightly report "0 2 * * *" --timezone Europe/Berlin', 'every night'],
    ['opcode schedule list', 'next times and last results'],
  ]);
  configureAdd(command, act);
  configureUpdate(command, act);
  configureLooking(command, act);
  configureSwitches(command, act);
  configureStarting(command, act);
}

const withFields = (command: Command): Command =>
  command
    .option('--timezone <zone>', 'IANA time zone (UTC)')
    .option('-p, --param <key=value>', 'a parameter; key:=json for JSON', collect)
    .option('--params <file>', 'parameters as a JSON file, - for standard input')
    .option(
      '--version <n>',
      'this version of the template (latest: the newest at each start)',
      versionRef,
    )
    .option('--agent <name>', 'runs belong to this agent')
    .option('--overlap <rule>', `when the run before is unfinished: ${OVERLAPS.join(', ')}`)
    .option('--catch-up <duration>', 'how late a time may be made up for; 0, or all (1h)')
    .option('--jitter <duration>', 'start up to so much later, always the same for one time')
    .option('--pause-after <n>', 'pause after so many failures in a row (0: never)', wholeNumber(0))
    .option('--first <time>', 'not before this RFC 3339 time');

function configureAdd(command: Command, act: Act): void {
  withExamples(
    withFields(
      command
        .command('add')
        .description('Start a template at given times')
        .argument('<name>', 'name of the schedule')
        .argument('<template>', 'template to start')
        .argument('<expression>', 'five-field cron, @daily…, "@every 5m", or one RFC 3339 time'),
    )
      .option('--disabled', 'do not fire yet')
      .action(act(add)),
    [
      ['opcode schedule add poll check "@every 5m" --overlap queue -p host=a', 'every 5 minutes'],
      ['opcode schedule add once report 2030-03-01T09:00 --timezone UTC', 'one time'],
    ],
  );
}

function configureUpdate(command: Command, act: Act): void {
  withExamples(
    withFields(
      command
        .command('update')
        .description('Change a schedule; what is left out stays')
        .argument('<name>', 'name of the schedule')
        .option('--expression <expression>', 'new times')
        .option('--template <name>', 'another template')
        .option('--rename <name>', 'a new name'),
    ).action(act(update)),
    [
      ['opcode schedule update nightly --expression "0 3 * * *"', 'another time'],
      ['opcode schedule update nightly --pause-after 3', 'pause when it keeps failing'],
    ],
  );
}

function configureLooking(command: Command, act: Act): void {
  withExamples(
    command
      .command('list')
      .description('Schedules with their next times and last results')
      .option('--template <name>', 'only of this template')
      .option('--status <status>', 'enabled, disabled or paused')
      .action(act(list)),
    [
      ['opcode schedule list', 'all of them'],
      ['opcode schedule list --status paused --json', 'for scripts'],
    ],
  );
  withExamples(
    command
      .command('next')
      .description('When a schedule, or an expression, fires next')
      .argument('<schedule-or-expression>')
      .option('--timezone <zone>', 'of an expression (UTC)')
      .option('--count <n>', 'so many times (5)', wholeNumber(1))
      .option('--after <time>', 'after this RFC 3339 time')
      .action(act(next)),
    [
      ['opcode schedule next nightly', 'the next five'],
      ['opcode schedule next "30 2 * * *" --timezone Europe/Berlin --count 3', 'try an expression'],
    ],
  );
  withExamples(
    command
      .command('history')
      .description('What became of the times of a schedule, newest first')
      .argument('<name>', 'name of the schedule')
      .option('--outcome <outcome,…>', OUTCOMES.join(', '))
      .option('--limit <n>', 'at most so many (20)', wholeNumber(1))
      .option('--cursor <cursor>', 'the next page: what the last one ended with')
      .action(act(history)),
    [
      ['opcode schedule history nightly', 'with the results of its runs'],
      ['opcode schedule history nightly --outcome missed,held', 'what did not start'],
    ],
  );
}

function configureSwitches(command: Command, act: Act): void {
  withExamples(
    command
      .command('enable')
      .description('Let a schedule fire again, from its next time on')
      .argument('[name]', 'name of the schedule')
      .option('--all', 'everything that failures or a restore have paused')
      .action(act(enable)),
    [
      ['opcode schedule enable nightly', 'after it was disabled or paused'],
      ['opcode schedule enable --all', 'after a restore'],
    ],
  );
  withExamples(
    command
      .command('disable')
      .description('Stop a schedule from firing; its runs go on')
      .argument('<name>', 'name of the schedule')
      .action(act(disable)),
    [
      ['opcode schedule disable nightly', 'until it is enabled'],
      ['opcode schedule disable nightly --json', 'for scripts'],
    ],
  );
  withExamples(
    command
      .command('rm')
      .description('Remove a schedule with its history; its runs stay')
      .argument('<name>', 'name of the schedule')
      .action(act(remove)),
    [
      ['opcode schedule rm nightly', 'for good'],
      ['opcode schedule rm nightly --json', 'for scripts'],
    ],
  );
}

function configureStarting(command: Command, act: Act): void {
  withExamples(
    command
      .command('run')
      .description('Start a schedule now, whatever its overlap rule says')
      .argument('<name>', 'name of the schedule')
      .option('--wait <duration>', 'wait for the result (0, forever)')
      .action(act(run)),
    [
      ['opcode schedule run nightly', 'and leave it to the daemon'],
      ['opcode schedule run nightly --wait 5m --json', 'with its result'],
    ],
  );
  withExamples(
    command
      .command('backfill')
      .description('Start a schedule for times that have passed')
      .argument('<name>', 'name of the schedule')
      .requiredOption('--start <time>', 'from this RFC 3339 time on')
      .requiredOption('--end <time>', 'up to this one')
      .option('--parallel <n>', 'so many runs at once (1)', wholeNumber(1))
      .option('--limit <n>', 'refuse more times than this (1000)', wholeNumber(1))
      .option('--dry-run', 'only count')
      .action(act(backfill)),
    [
      [
        'opcode schedule backfill nightly --start 2026-01-01T00:00:00Z --end 2026-01-07T23:00:00Z --dry-run',
        'how many',
      ],
      [
        'opcode schedule backfill nightly --start 2026-01-01T00:00:00Z --end 2026-01-07T23:00:00Z --parallel 2',
        'two at once',
      ],
    ],
  );
}
