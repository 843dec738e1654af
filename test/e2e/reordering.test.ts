/** No command lets data show itself in another order than it has. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { TEST_MS } from '../support/patience.ts';
import { newWorld, type World } from './opcode.ts';

const MARKS = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069';
const RAW = new RegExp(`[${MARKS}]`);

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

test(
  'direction characters come as escapes in every answer, prompt and option',
  async () => {
    const bad = `pay \u202e01$ ot \u2066${MARKS} bob`;
    world.file('bidi.json', {
      name: `bidi ${bad}`,
      description: bad,
      definition: {
        steps: [
          { id: 'say', run: `printf '%s\\n' '${bad}'; printf '%s\\n' '${bad}' >&2` },
          {
            id: 'fail',
            run: `echo '${bad}' >&2; exit 3`,
            on_error: { strategy: 'ignore' },
            description: bad,
          },
          {
            id: 'ask',
            type: 'reasoning',
            depends_on: ['say', 'fail'],
            config: {
              prompt_context: `Approve ${bad}?`,
              data_inject: { amount: bad, [bad]: 1 },
              options: [
                { id: 'yes', description: bad },
                { id: 'no', outcome: 'stop' },
              ],
            },
          },
        ],
      },
    });
    const param = ['-p', `note=${bad}`];
    const commands = [
      ['validate', 'bidi.json'],
      ['diagram', 'bidi.json'],
      ['define', 'bidi.json', '--name', 'bidi'],
      ['run', 'bidi.json', '--detach', ...param],
      ['recover'],
      ['status'],
      ['status', '@last'],
      ['status', '@last', '--json'],
      ['status', '@last', '--step', 'ask'],
      ['events', '@last'],
      ['events', '@last', '--json'],
      ['logs', '@last'],
      ['logs', '@last', '--step', 'say'],
      ['query', 'decisions'],
      ['query', 'workflows', '--json'],
      ['query', 'templates'],
      ['decide', '@last', bad],
      ['signal', '@last', 'data', '--name', bad, '--data', bad],
      ['run', bad],
    ];
    for (const words of commands) {
      const session = world.onTerminal(...words);
      await session.exited;
      expect([words.slice(0, 3), RAW.exec(session.text())?.[0]]).toEqual([
        words.slice(0, 3),
        undefined,
      ]);
    }
    const asked = world.onTerminal('run', 'bidi.json');
    await asked.until('Approve pay \\u202e01$ ot');
    asked.type('\u0003');
    await asked.exited;
    expect(RAW.test(asked.text())).toBe(false);
    const piped = await world.run('status', '@last');
    expect(RAW.test(piped.stdout)).toBe(false);
    const json = await world.run('events', '@last', '--json');
    expect(json.stdout).toContain('\\u202e');
    expect(RAW.test(json.stdout)).toBe(false);
  },
  TEST_MS,
);
