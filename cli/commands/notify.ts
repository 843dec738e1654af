/** `opcode notify`: who is told of what, what waits, what went wrong; and a test of a channel. */
import type { Command } from 'commander';
import type { NoticesOutput, NoticeTestOutput } from '../../src/ops/notice-schemas.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { localTime } from '../print/run-table.ts';
import { table } from '../print/table.ts';
import { oneLine } from '../print/text.ts';
import type { OutputStream } from '../terminal.ts';

export function configure(command: Command, act: Act): void {
  withExamples(
    command.addHelpText(
      'after',
      '\nRules and channels are notify.rules and notify.channels of settings.json.',
    ),
    [
      ['opcode notify list', 'channels, and what could not be delivered'],
      ['opcode notify test team', 'send a test message to a channel'],
    ],
  );
  withExamples(
    command
      .command('list')
      .description('Channels with what waits for them and what went wrong, and the rules')
      .action(act(list)),
    [
      ['opcode notify list', 'who is told of what'],
      ['opcode notify list --json', 'for scripts'],
    ],
  );
  withExamples(
    command
      .command('test')
      .description(
        'Send a test message to a channel now, by the daemon if one lives; 1 when it did not arrive',
      )
      .argument('<channel>', 'its name in notify.channels')
      .action(act(test)),
    [
      ['opcode notify test team', 'does it arrive?'],
      ['opcode notify test team --json', 'for scripts'],
    ],
  );
}

async function list(cli: Cli): Promise<number> {
  const app = await cli.openToLook();
  const notices = await app.ops.notices(cli.context(), {});
  if (cli.json) cli.printJson(notices);
  else cli.printLines(linesOf(notices, cli.terminal.stdout));
  return EXIT.ok;
}

async function test(cli: Cli, channel: string): Promise<number> {
  const tested = (await testedByDaemon(cli, channel)) ?? (await testedHere(cli, channel));
  if (cli.json) cli.printJson(tested);
  else if (tested.ok) cli.print(`"${channel}" took the message (${tested.duration_ms} ms).`);
  else cli.print(`"${channel}" did not take the message: ${oneLine(tested.error ?? '')}`);
  return tested.ok ? EXIT.ok : EXIT.failed;
}

/** The daemon delivers, with its own secrets and settings: where one lives it sends the test, too. */
async function testedByDaemon(cli: Cli, channel: string): Promise<NoticeTestOutput | null> {
  if (cli.server !== null) return null;
  const { notifyTestByDaemon } = await import('../../src/app-daemon-call.ts');
  return notifyTestByDaemon(cli.config(), channel);
}

async function testedHere(cli: Cli, channel: string): Promise<NoticeTestOutput> {
  const app = await cli.open();
  return app.ops.notify_test(cli.context(), { channel });
}

function linesOf({ channels, rules, delivering }: NoticesOutput, stream: OutputStream): string[] {
  const look = { style: stream.style, width: stream.columns() };
  if (channels.length === 0) {
    return ['Nobody is told of anything: settings.json has no notify.channels.'];
  }
  const time = (at: string | null): string => (at === null ? '' : localTime(at));
  const rows = channels.map((each) => [
    each.name,
    each.type ?? 'no longer set',
    String(each.waiting),
    String(each.delivered),
    String(each.gave_up),
    time(each.oldest_waiting_at),
    oneLine(each.last_error ?? ''),
  ]);
  const headings = ['channel', 'type', 'waiting', 'delivered', 'given up', 'oldest', 'last error'];
  const told = rules.map(({ on, where, channel }) => [channel, on.join(' '), whereText(where)]);
  const isStuck = !delivering && channels.some(({ waiting }) => waiting > 0);
  return [
    ...table(headings, rows, look),
    '',
    ...(told.length === 0
      ? ['No rule names a channel yet: nothing is told (notify.rules).']
      : table(['channel', 'is told', 'where'], told, look)),
    ...(isStuck ? ['', 'No daemon runs: what waits is delivered when one does.'] : []),
  ];
}

const whereText = (where: Readonly<Record<string, readonly string[]>>): string =>
  Object.entries(where)
    .filter(([, patterns]) => patterns.length > 0)
    .map(([name, patterns]) => `${name}=${patterns.map(oneLine).join('|')}`)
    .join(' ');
