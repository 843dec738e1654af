/** Secrets in texts of which only a part is kept, and in large ones. */
import { describe, expect, test } from 'bun:test';
import { createCapture } from '../../src/isolate/capture.ts';
import { createMasker } from '../../src/isolate/mask.ts';
import { createStreamMasker } from '../../src/isolate/stream-mask.ts';
import type { Json } from '../../src/model/json.ts';
import { leaks, SECRETS, SPELLINGS } from '../support/secret-cells.ts';

/** Places to cut a text at: in and around what stands from one place to another. */
const cutsOf = (from: number, to: number): readonly number[] =>
  Array.from({ length: 21 }, (_, at) => Math.round(from - 2 + ((to - from + 4) * at) / 20));

/** Every cut through every spelling of every secret that gives some of it away. */
function leaksOf(
  name: string,
  cut: (secret: string, text: string, at: number) => readonly string[],
): string[] {
  const left: string[] = [];
  for (const secret of SECRETS.filter(({ length }) => length < 100)) {
    const spelled = SPELLINGS[name]?.(secret);
    if (spelled == null) continue;
    const text = `before ${spelled} after `;
    for (const at of cutsOf(7, 7 + spelled.length)) {
      for (const part of cut(secret, text, at)) {
        const piece = leaks(part, spelled);
        if (piece !== null) left.push(`${JSON.stringify(secret)} leaves ${piece}: ${part}`);
      }
    }
  }
  return left;
}

/** Of an encoded word that holds more than the secret, what stands around it may be seen. */
const NAMES = Object.keys(SPELLINGS).filter((name) => !/^base64 behind|wrapped|^Basic/.test(name));

describe('no part of a secret is seen where a text is cut', () => {
  test.each(NAMES)('%s', (name) => {
    const left = leaksOf(name, (secret, text, at) => {
      const masker = createMasker([secret]);
      return [masker.part(text, 0, at), masker.part(text, at, text.length)];
    });
    expect(left).toEqual([]);
  });

  test.each(NAMES)('whose rest nobody has: %s', (name) => {
    const left = leaksOf(name, (secret, text, at) => {
      const masker = createMasker([secret]);
      return [masker.text(masker.cutOff(text.slice(0, at)))];
    });
    expect(left).toEqual([]);
  });

  test.each(NAMES)('on both sides of what a command printed too much: %s', (name) => {
    const left = leaksOf(name, (secret, text, at) => {
      const { part } = createMasker([secret]);
      const bytes = Buffer.from(text);
      const cut = Buffer.byteLength(text.slice(0, at));
      const filler = Buffer.from(`${'filler '.repeat(20_000)}`);
      const head = createCapture(2 * cut, part);
      const tail = createCapture(2 * (bytes.length - cut), part);
      for (const each of [head, tail]) {
        each.push(bytes);
        each.push(filler);
        each.push(bytes);
      }
      const masker = createMasker([secret]);
      return [masker.text(head.text()), masker.text(tail.text()), masker.text(tail.rest())];
    });
    expect(left).toEqual([]);
  });

  test.each(NAMES)('in a stream behind which something was left out: %s', (name) => {
    const left = leaksOf(name, (secret, text, at) => {
      const masker = createStreamMasker(() => [secret]);
      const pieces = [
        masker.push('stdout', text.slice(0, at)),
        masker.push('stdout', '\n[… 5 bytes left out …]\n', true),
        masker.flush('stdout'),
      ];
      return [pieces.join('')];
    });
    expect(left).toEqual([]);
  });
});

test('what ends in no beginning of a secret is not touched by a cut', () => {
  const masker = createMasker(['hunter2hunter2']);
  const text = 'the quick brown fox: 12, 13, 14; ';
  expect(masker.cutOff(text)).toBe(text);
  expect(masker.part(text, 4, 9)).toBe('quick');
  const capture = createCapture(40, masker.part);
  capture.push(Buffer.from('the quick brown fox\n'.repeat(10)));
  expect(capture.text()).toBe(
    'the quick brown fox\n\n[… 160 bytes left out …]\nthe quick brown fox\n',
  );
});

describe('a large value', () => {
  const secrets = SECRETS.filter(({ length }) => length < 60);
  const cell = (at: number): string => {
    const spellings = Object.values(SPELLINGS);
    const secret = secrets[at % secrets.length] ?? '';
    return spellings[at % spellings.length]?.(secret) ?? secret;
  };
  const page = `${'one of our days, "in marks" and %20 gaps\n'.repeat(30)}`;
  const long = Array.from({ length: 2000 }, (_, at) => `${page}${cell(at)} \n`).join('');
  const value: Json = {
    long,
    many: Array.from({ length: 20_000 }, (_, at) => ({ id: at, text: cell(at) })),
    [`key ${secrets[0]}`]: [secrets[1] ?? '', 0.5, null, true],
  };

  test('is masked in turns as at once', async () => {
    const masker = createMasker(secrets);
    const other = (): Json => JSON.parse(JSON.stringify(value)) as Json;
    expect(await masker.jsonInTurns(other())).toEqual(masker.json(value));
  });

  test('gives others a turn at least with every 256 KiB', async () => {
    const masker = createMasker(secrets);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await masker.jsonInTurns(value);
    isOver = true;
    expect(turns).toBeGreaterThan(JSON.stringify(value).length / (256 * 1024));
  });

  test('of one window and more is masked as each of its lines is', () => {
    const { text } = createMasker(secrets);
    const lines = long.split(' \n');
    expect(leaks(text(long), lines.map((line) => line.slice(page.length)).join(' '))).toBeNull();
  });
});

test('a long word of base64 that holds secrets is looked at once', () => {
  const secret = 'hunter2hunter2';
  const word = Buffer.from(`${secret}xy `.repeat(40_000)).toString('base64');
  expect(createMasker([secret]).text(`a ${word} b`)).toBe('a *** b');
});
