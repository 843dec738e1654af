/** Every secret in every spelling, alone, in a text, and cut anywhere; and ordinary texts unchanged. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createMasker } from '../../src/isolate/mask.ts';
import { createStreamMasker } from '../../src/isolate/stream-mask.ts';
import { leaks, SECRETS, SPELLINGS } from '../support/secret-cells.ts';

/** What a stream gives out when it comes in these pieces. */
function streamed(secret: string, pieces: readonly string[]): string {
  const masker = createStreamMasker(() => [secret]);
  const parts = pieces.map((piece) => masker.push('stdout', piece));
  return [...parts, masker.flush('stdout')].join('');
}

describe('a spelling is masked', () => {
  test.each(Object.keys(SPELLINGS))('%s', (name) => {
    const left: string[] = [];
    for (const secret of SECRETS) {
      const spelled = SPELLINGS[name]?.(secret);
      if (spelled == null) continue;
      const { text } = createMasker([secret]);
      for (const around of [spelled, `before ${spelled} after`, `before\n"${spelled}",\nafter`]) {
        const masked = text(around);
        const piece = masked.includes('***') ? leaks(masked, spelled) : 'all of it';
        if (piece !== null) left.push(`${JSON.stringify(secret)} leaves ${piece}: ${masked}`);
      }
    }
    expect(left).toEqual([]);
  });
});

describe('a stream is masked as its whole text is, wherever it is cut', () => {
  test.each(Object.keys(SPELLINGS))('%s', (name) => {
    for (const secret of SECRETS.filter(({ length }) => length < 60)) {
      const spelled = SPELLINGS[name]?.(secret);
      if (spelled == null) continue;
      const all = `before ${spelled} after\n`;
      const cuts = Array.from({ length: 33 }, (_, at) => Math.round((at * all.length) / 32));
      const ways = cuts.map((cut) => [all.slice(0, cut), all.slice(cut)]);
      for (const pieces of [...ways, [...all]]) {
        const masked = streamed(secret, pieces);
        // Lines go one by one, and of a base64 word around it some letters may be out already.
        if (!/^base64|^Basic/.test(name) && !/[\r\n]/.test(secret)) {
          expect(masked).toBe(createMasker([secret]).text(all));
        }
        expect(masked).toMatch(/^before .*\*\*\*.* after\n$/s);
        expect(leaks(masked, spelled)).toBeNull();
      }
    }
  });
});

test('ordinary texts stay as they are', () => {
  const { text } = createMasker(SECRETS);
  const pages = ['README.md', 'package-lock.json', 'biome.json', 'src/model/store.ts']
    .map((name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
    .concat([
      'a password, a token, an API key and a private key walk into a bar',
      'GET http://localhost:4100/api/v1/runs?limit=10&status=active 200 12ms',
      '{"user":"jane","roles":["admin","dev"],"n":12345678,"ok":true,"at":"2026-01-02T03:04:05Z"}',
      '\u001b[32m✓\u001b[0m 128 tests passed in "3.4s"\n',
      'line one\nline two of three\nthe battery is correct, the horse is not\n',
      Buffer.from('nothing to see in here, really').toString('base64'),
    ]);
  for (const page of pages) {
    expect(text(page)).toBe(page);
    for (const line of page.split('\n')) expect(text(line)).toBe(line);
  }
});
