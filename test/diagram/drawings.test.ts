/** What people see: the drawings of the common shapes, exactly. */
import { describe, expect, test } from 'bun:test';
import { drawAscii } from '../../src/diagram/ascii/draw-ascii.ts';
import { buildDiagram } from '../../src/diagram/build.ts';
import { layoutSmall } from '../../src/diagram/layout-small.ts';
import type { StatusOverlay } from '../../src/diagram/overlay.ts';
import type { Definition } from '../../src/model/definition.ts';
import { chain, diamond, fanOut, nested, release, step } from './definitions.ts';

interface Look {
  readonly statuses?: StatusOverlay;
  readonly width?: number;
  readonly color?: boolean;
  readonly unicode?: boolean;
}

function draw(definition: Definition, look: Look = {}): string {
  const { statuses, width = 80, color = false, unicode = true } = look;
  const model = buildDiagram(definition, statuses === undefined ? {} : { statuses });
  return `\n${drawAscii(model, layoutSmall(model), { width, color, unicode })}\n`;
}

describe('drawings', () => {
  test('a chain', () => {
    expect(draw(chain)).toBe(`
 ┌─────────────────┐
 │ build           │
 │ $ npm run build │
 └────────┬────────┘
          ▼
┌──────────────────┐
│ test             │
│ $ npm test       │
│ retry 2x, linear │
└─────────┬────────┘
          ▼
    ┌───────────┐
    │ publish   │
    │ http.post │
    └───────────┘
`);
  });

  test('a diamond', () => {
    expect(draw(diamond)).toBe(`
       ┌──────────┐
       │ start    │
       │ http.get │
       └─────┬────┘
     ┌───────┴──────┐
     ▼              ▼
┌─────────┐  ┌────────────┐
│ left    │  │ right      │
│ fs.read │  │ shell.exec │
└────┬────┘  └──────┬─────┘
     └───────┬──────┘
             ▼
       ┌───────────┐
       │ join      │
       │ expr.eval │
       └───────────┘
`);
  });

  test('a fan-out too wide for one row', () => {
    expect(draw(fanOut, { width: 60 })).toBe(`
                           ┌──────────┐
                           │ source   │
                           │ http.get │
                           └──────┬───┘
      ┌─────────────┬─────────────┼─────────────┬──────┐
      ▼             ▼             ▼             ▼      │
┌──────────┐  ┌──────────┐  ┌──────────┐  ┌──────────┐ │
│ work_0   │  │ work_1   │  │ work_2   │  │ work_3   │ │
│ http.get │  │ http.get │  │ http.get │  │ http.get │ │
└─────┬────┘  └─────┬────┘  └─────┬────┘  └─────┬────┘ │
      └───────┬─────┴─────────────┴─────────────┘      │
              │       ┌─────────────┬─────────────┬────┘
              │       ▼             ▼             ▼
              │ ┌──────────┐  ┌──────────┐  ┌──────────┐
              │ │ work_4   │  │ work_5   │  │ work_6   │
              │ │ http.get │  │ http.get │  │ http.get │
              │ └─────┬────┘  └─────┬────┘  └─────┬────┘
              └───────┴────────┬────┴─────────────┘
                               ▼
                         ┌──────────┐
                         │ join     │
                         │ http.get │
                         └──────────┘
`);
  });

  test('lines that cross pass over each other; lines that meet are meant', () => {
    const definition = {
      steps: [step('a'), step('b'), step('c', 'a', 'b'), step('d', 'a', 'b'), step('e', 'a')],
    };
    expect(draw(definition)).toBe(`
         ┌──────────┐  ┌──────────┐
         │ a        │  │ b        │
         │ http.get │  │ http.get │
         └───┬───┬──┘  └─────┬────┘
      ┌──────┘   └──┬────────┴────┐
      ▼             ▼             ▼
┌──────────┐  ┌──────────┐  ┌──────────┐
│ e        │  │ c        │  │ d        │
│ http.get │  │ http.get │  │ http.get │
└──────────┘  └──────────┘  └──────────┘
`);
  });

  test('a release with a decision, a fallback, branches, a loop, hooks and a long line', () => {
    expect(draw(release)).toBe(`
Release a service

                      ┌──────────────────┐
                      │ build            │
                      │ $ make dist      │
                      │ Builds the image │
                      └─────────┬────────┘
                   ┌────────────┴──┬──────────┐
                   ▼               ▼          │
             ┌───────────┐  ┌────────────┐    │
             │ scan      │  │ unit       │    │
             │ http.post │  │ $ npm test │    │
             │ retry 3x  │  └──────┬─────┘    │
             └───┬───┬───┘         │          │
          ┌╌╌╌╌╌╌┘   └──────────┬──┘          │
          ▼ on error            ▼             │
  ┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐  ┏━━━━━━━━━━━━━━━━━━━━━━┓  │
  ╎ local_scan   ╎  ┃ approve              ┃  │
  ╎ $ trivy fs . ╎  ┃ decision by a person ┃  │
  └╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘  ┃ ship | hold (stops)  ┃  │
                    ┃ limit 24h, then hold ┃  │
                    ┗━━━━━━┯━━━━━━━━━━━━━━━┛  │
                           ▼                  │
╭───────────────────────────────────────────╮ │
│ route                                     │ │
│ match inputs.env                          │ │
├─ prod ────────┬─ staging ─────┬─ default ─┤ │
│ ┌───────────┐ │ ┌───────────┐ │ (nothing) │ │
│ │ canary    │ │ │ deploy    │ │           │ │
│ │ http.post │ │ │ http.post │ │           │ │
│ └─────┬─────┘ │ └───────────┘ │           │ │
│       ▼       │               │           │ │
│ ┌──────────┐  │               │           │ │
│ │ settle   │  │               │           │ │
│ │ wait 10m │  │               │           │ │
│ └─────┬────┘  │               │           │ │
│       ▼       │               │           │ │
│ ┌───────────┐ │               │           │ │
│ │ full      │ │               │           │ │
│ │ http.post │ │               │           │ │
│ └───────────┘ │               │           │ │
╰───────────────┴───────┬───────┴───────────╯ │
                        ▼                     │
       ╭────────────────────────────────────╮ │
       │ notify                             │ │
       │ for each of inputs.people          │ │
       │ 4 at once                          │ │
       ├─ body ─────────────────────────────┤ │
       │ ┌────────────────────────────────┐ │ │
       │ │ mail                           │ │ │
       │ │ http.post                      │ │ │
       │ │ only if iter.item.mail != null │ │ │
       │ └────────────────┬───────────────┘ │ │
       │                  ▼                 │ │
       │          ┌──────────────┐          │ │
       │          │ log          │          │ │
       │          │ workflow.log │          │ │
       │          └──────────────┘          │ │
       ╰─────────────────────────┬──────────╯ │
                                 │     ┌──────┘
                                 ▼     ▼
                            ┌───────────────┐
                            │ report        │
                            │ workflow.emit │
                            └───────────────┘

┌╌ on complete ╌╌╌╌┬╌ on error ╌╌╌╌┐
╎ ┌──────────────┐ ╎ ┌───────────┐ ╎
╎ │ done         │ ╎ │ alert     │ ╎
╎ │ workflow.log │ ╎ │ http.post │ ╎
╎ └──────────────┘ ╎ └───────────┘ ╎
└╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┴╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘
`);
  });

  test('composites inside composites', () => {
    expect(draw(nested)).toBe(`
╭───────────────────────────────────────────────────╮
│ all                                               │
│ parallel, first one wins                          │
├─ branch 0 ──────────────────────────┬─ branch 1 ──┤
│            ┌──────────┐             │ ┌─────────┐ │
│            │ fetch    │             │ │ other   │ │
│            │ http.get │             │ │ fs.read │ │
│            └─────┬────┘             │ └─────────┘ │
│                  ▼                  │             │
│ ╭─────────────────────────────────╮ │             │
│ │ poll                            │ │             │
│ │ while iter.index < 3            │ │             │
│ │ at most 5                       │ │             │
│ ├─ body ──────────────────────────┤ │             │
│ │ ╭─────────────────────────────╮ │ │             │
│ │ │ check                       │ │ │             │
│ │ │ if x > 1                    │ │ │             │
│ │ ├─ true ───────┬─ false ──────┤ │ │             │
│ │ │ ┌──────────┐ │ ┌──────────┐ │ │ │             │
│ │ │ │ yes      │ │ │ no       │ │ │ │             │
│ │ │ │ http.get │ │ │ http.get │ │ │ │             │
│ │ │ └──────────┘ │ └──────────┘ │ │ │             │
│ │ ╰──────────────┴──────────────╯ │ │             │
│ ╰─────────────────────────────────╯ │             │
╰─────────────────────────────────────┴─────────────╯
`);
  });

  test('wide characters', () => {
    const definition: Definition = {
      metadata: { name: '部署 🚀' },
      steps: [{ id: 'a', run: 'echo 日本語', description: '获取数据 👩‍👩‍👧 ok' }, step('b', 'a')],
    };
    expect(draw(definition)).toBe(`
部署 🚀

┌────────────────┐
│ a              │
│ $ echo 日本語  │
│ 获取数据 👩‍👩‍👧 ok │
└────────┬───────┘
         ▼
   ┌──────────┐
   │ b        │
   │ http.get │
   └──────────┘
`);
  });
});

describe('statuses', () => {
  const statuses: StatusOverlay = new Map([
    ['build', { status: 'completed', detail: '2.1s' }],
    ['test', { status: 'failed', detail: '3 attempts' }],
    ['publish', { status: 'skipped' }],
  ]);

  test('are a mark and a word, so that they are readable without colour', () => {
    expect(draw(chain, { statuses })).toBe(`
 ┌─────────────────┐
 │ ✓ build         │
 │ $ npm run build │
 │ completed 2.1s  │
 └────────┬────────┘
          ▼
┌───────────────────┐
│ ✗ test            │
│ $ npm test        │
│ retry 2x, linear  │
│ failed 3 attempts │
└─────────┬─────────┘
          ▼
    ┌───────────┐
    │ ↷ publish │
    │ http.post │
    │ skipped   │
    └───────────┘
`);
  });

  test('and in plain ASCII', () => {
    expect(draw(chain, { statuses, unicode: false })).toBe(`
 +-----------------+
 | + build         |
 | $ npm run build |
 | completed 2.1s  |
 +--------+--------+
          v
+-------------------+
| x test            |
| $ npm test        |
| retry 2x, linear  |
| failed 3 attempts |
+---------+---------+
          v
    +-----------+
    | - publish |
    | http.post |
    | skipped   |
    +-----------+
`);
  });

  test('colour adds escapes and nothing else', () => {
    const colored = draw(release, { statuses, color: true });
    expect(colored).toContain('\x1b[32m');
    expect(Bun.stripANSI(colored)).toBe(draw(release, { statuses }));
  });
});

describe('where a drawing would be too wide', () => {
  const wide: Definition = {
    steps: [
      {
        id: 'checks',
        type: 'parallel',
        config: {
          branches: ['lint', 'types', 'unit', 'audit'].map((id) => [
            { id, run: `npm run ${id}:all` },
          ]),
        },
      },
    ],
  };

  test('compartments go into rows', () => {
    expect(draw(wide, { width: 60 })).toBe(`
╭──────────────────────────────────────────────────╮
│ checks                                           │
│ parallel                                         │
├─ branch 0 ─────────────┬─ branch 1 ──────────────┤
│ ┌────────────────────┐ │ ┌─────────────────────┐ │
│ │ lint               │ │ │ types               │ │
│ │ $ npm run lint:all │ │ │ $ npm run types:all │ │
│ └────────────────────┘ │ └─────────────────────┘ │
├─ branch 2 ─────────────┼─ branch 3 ──────────────┤
│ ┌────────────────────┐ │ ┌─────────────────────┐ │
│ │ unit               │ │ │ audit               │ │
│ │ $ npm run unit:all │ │ │ $ npm run audit:all │ │
│ └────────────────────┘ │ └─────────────────────┘ │
╰────────────────────────┴─────────────────────────╯
`);
  });

  test('boxes say less, as far as needed', () => {
    const narrow: Definition = {
      steps: [
        { id: 'start', action: 'http.get', description: 'Asks the service' },
        { id: 'one', run: 'make one --fast', depends_on: ['start'] },
        { id: 'two', run: 'make two --fast', depends_on: ['start'] },
        step('end', 'one', 'two', 'start'),
      ],
    };
    expect(draw(narrow, { width: 46 })).toContain('Asks the service');
    expect(draw(narrow, { width: 24 })).toBe(`
    ┌───────┐
    │ start │
    └───┬───┘
   ┌────┼────┐
   ▼    │    ▼
┌─────┐ │ ┌─────┐
│ one │ │ │ two │
└──┬──┘ │ └──┬──┘
   │   ┌┘    │
   └───│─┬───┘
       ▼ ▼
     ┌─────┐
     │ end │
     └─────┘
`);
  });

  test('else the list form is given, with everything in it', () => {
    const lines = draw(release, { width: 14 }).trim().split('\n');
    expect(lines).toContain('├─ staging:');
    expect(lines.every((line) => Bun.stringWidth(line) <= 14)).toBe(true);
    expect(lines.some((line) => line.startsWith('report'))).toBe(true);
  });
});
