/** Rules and channels as they stand in settings.json: what is taken, and where each mistake is. */
import { describe, expect, test } from 'bun:test';
import {
  readNoticeChannels,
  readNoticeRules,
  secretsIn,
  unknownChannels,
  withSecrets,
} from '../../src/model/notice-settings.ts';

const said = (found: { problems: readonly { path: string; message: string }[] }): string[] =>
  found.problems.map(({ path, message }) => `${path}: ${message}`);

describe('rules', () => {
  test('say what is told to which channel', () => {
    const read = readNoticeRules([
      { on: ['decision', 'run_failed'], channel: 'team' },
      { on: 'notify', where: { template: 'deploy-*', agent: ['ann', 'ben'] }, channel: 'phone' },
    ]);
    expect(read.problems).toEqual([]);
    expect(read.value).toEqual([
      {
        on: ['decision', 'run_failed'],
        where: { template: [], agent: [], name: [], status: [] },
        channel: 'team',
      },
      {
        on: ['notify'],
        where: { template: ['deploy-*'], agent: ['ann', 'ben'], name: [], status: [] },
        channel: 'phone',
      },
    ]);
  });

  test('every mistake is named with its place', () => {
    const read = readNoticeRules([
      { on: ['run_failed', 'run_faild', 7], channel: 'team' },
      { on: [], channel: '' },
      'no rule',
      { on: ['decision'], where: { template: 3, host: 'x' }, channel: 'team', chanel: 'x' },
    ]);
    expect(said(read)).toEqual([
      expect.stringMatching(/^\[0\]\.on\[1\]: "run_faild" is nothing that is told \(decision, /),
      expect.stringMatching(/^\[0\]\.on\[2\]: 7 is nothing/),
      '[1].channel: must be the name of a channel of notify.channels',
      expect.stringMatching(/^\[1\]\.on: must be a list of some of decision/),
      '[2]: must be an object with on, where, channel',
      '[2].channel: must be the name of a channel of notify.channels',
      expect.stringMatching(/^\[2\]\.on: must be a list/),
      '[3].chanel: is not known (on, where, channel)',
      '[3].where.host: is not known (template, agent, name, status)',
      '[3].where.template: must be a text or a list of texts ("*" stands for anything)',
    ]);
    expect(said(readNoticeRules({ on: [] }))).toEqual([
      ': must be a list of rules: [{"on": ["run_failed"], "channel": "team"}]',
    ]);
  });

  test('name channels that are there', () => {
    const { value: rules } = readNoticeRules([
      { on: ['decision'], channel: 'team' },
      { on: ['decision'], channel: 'teem' },
      { on: ['decision'], channel: 'constructor' },
    ]);
    const { value } = readNoticeChannels({ team: { type: 'command', command: ['true'] } });
    expect(unknownChannels(rules, value)).toEqual([
      { path: '[1].channel', message: '"teem" is no channel (there is: team)' },
      { path: '[2].channel', message: '"constructor" is no channel (there is: team)' },
    ]);
    expect(unknownChannels(rules.slice(0, 1), {})[0]?.message).toBe(
      '"team" is no channel (there is none yet)',
    );
  });
});

describe('channels', () => {
  test('are webhooks and commands', () => {
    const read = readNoticeChannels({
      team: {
        type: 'webhook',
        url: 'https://chat.test/hook',
        secret: 'CHAT_KEY',
        body: { text: '${{ message }}' },
        headers: { Authorization: 'Bearer ${{ secrets.CHAT_TOKEN }}' },
        timeout: '3s',
      },
      slack: { type: 'webhook', url: '${{ secrets.SLACK_URL }}' },
      bell: { type: 'command', command: ['notify-send', '-'] },
    });
    expect(read.problems).toEqual([]);
    expect(read.value).toEqual({
      team: {
        type: 'webhook',
        url: 'https://chat.test/hook',
        secret: 'CHAT_KEY',
        body: { text: '${{ message }}' },
        headers: { authorization: 'Bearer ${{ secrets.CHAT_TOKEN }}' },
        timeoutMs: 3000,
      },
      slack: {
        type: 'webhook',
        url: '${{ secrets.SLACK_URL }}',
        secret: null,
        body: null,
        headers: {},
        timeoutMs: 10_000,
      },
      bell: { type: 'command', command: ['notify-send', '-'], timeoutMs: 10_000 },
    });
  });

  test('a body that is the text of JSON is JSON, so that what is put in is escaped', () => {
    const body = (value: unknown): unknown => {
      const { value: channels } = readNoticeChannels({
        a: { type: 'webhook', url: 'http://a.test', body: value },
      });
      const { a } = channels;
      return a?.type === 'webhook' ? a.body : undefined;
    };
    expect(body('{"text": "${{ message }}"}')).toEqual({ text: '${{ message }}' });
    expect(body('${{ title }}: ${{ message }}')).toBe('${{ title }}: ${{ message }}');
    expect(body('7')).toBe('7');
  });

  test.each([
    ['ftp://a.test/x', 'ftp: cannot be called: it must be http or https'],
    ['a.test/x', 'is no URL: write it whole, with https://'],
    ['', 'must be an http or https URL'],
    [7, 'must be an http or https URL'],
    ['https://ann:pw@a.test', 'must hold no user and password'],
    ['https://a.test/${{ message }}', 'only ${{ secrets.NAME }} may stand here'],
    ['https://a.test/${{ secrets.A }}/${{secrets.B}}', ''],
  ])('the URL %p', (url, message) => {
    const read = readNoticeChannels({ a: { type: 'webhook', url } });
    if (message === '') expect(read.problems).toEqual([]);
    else expect(said(read)[0]).toStartWith(`.a.url: ${message}`);
  });

  test('every mistake is named with its place', () => {
    const read = readNoticeChannels({
      'no name': {},
      a: { type: 'pigeon' },
      b: {
        type: 'webhook',
        url: 'https://b.test',
        secret: 'not a name!',
        headers: {
          Host: 'x',
          'X-Opcode-Event': '1',
          'bad name': 'x',
          Ok: 'a\nb',
          Hole: '${{ x }}',
        },
        timeout: '2m',
        method: 'GET',
      },
      c: { type: 'command', command: 'rm -rf', timeout: 5 },
      d: null,
    });
    expect(said(read)).toEqual([
      '.no name: a channel’s name has letters, digits, "_" and "-", at most 64',
      '.a.type: must be "webhook" or "command"',
      '.b.method: is not known (type, url, secret, body, headers, timeout)',
      '.b.secret: must be the name of a secret, not its value',
      '.b.headers.Host: is set by Opcode itself',
      '.b.headers.X-Opcode-Event: is set by Opcode itself',
      '.b.headers.bad name: is no name of a header',
      '.b.headers.Ok: must be a text of one line',
      '.b.headers.Hole: only ${{ secrets.NAME }} may stand here',
      '.b.timeout: must be between 1ms and 60s',
      '.c.command: must be a list of a program and its arguments: ["notify-send", "-"]',
      '.c.timeout: a duration is a text such as "30s", not the number 5 (write "5s" or "5ms")',
      '.d.type: must be "webhook" or "command"',
    ]);
  });

  test('a name from JSON is no way into the object', () => {
    const raw: unknown = JSON.parse('{"__proto__": {"type": "command", "command": ["true"]}}');
    const read = readNoticeChannels(raw);
    expect(read.problems).toHaveLength(1);
    expect(Object.keys(read.value)).toEqual([]);
  });

  test('secrets are put in once and never looked at again', () => {
    const text = 'a ${{ secrets.A }} ${{secrets.B}} ${{ secrets.A }}';
    expect(secretsIn(text)).toEqual(['A', 'B']);
    const values = new Map([
      ['A', '$& ${{ secrets.B }}'],
      ['B', 'b'],
    ]);
    expect(withSecrets(text, values)).toBe('a $& ${{ secrets.B }} b $& ${{ secrets.B }}');
  });
});
