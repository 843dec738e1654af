import { describe, expect, test } from 'bun:test';
import { createMasker } from '../../src/isolate/mask.ts';
import { createStreamMasker } from '../../src/isolate/stream-mask.ts';

const SECRET = 'p@ss "word"/42+é';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('texts', () => {
  const { text } = createMasker([SECRET]);
  test.each([
    ['itself', SECRET],
    ['JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['URL', encodeURIComponent(SECRET)],
    ['URL in lower case', encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
    ['form', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['base64', base64(SECRET)],
    ['base64url', Buffer.from(SECRET).toString('base64url')],
  ])('as %s', (_, form) => {
    expect(text(`a ${form} b ${form}`)).toBe('a *** b ***');
  });

  test.each(['u:', 'us:', 'usr:', 'user:'])('inside Basic credentials of %s', (user) => {
    expect(text(`Authorization: Basic ${base64(user + SECRET)}\r\nx`)).toBe(
      'Authorization: Basic ***\r\nx',
    );
    expect(text(base64(`${user}${SECRET} and more`))).toBe('***');
  });

  test('its longer lines, one by one', () => {
    const key = '-----BEGIN KEY-----\nabcdefghijkl\nshort\n-----END KEY-----';
    const masker = createMasker([key]);
    expect(masker.text('x abcdefghijkl y short')).toBe('x *** y short');
    expect(masker.text(key)).toBe('***');
    expect(masker.text(`> ${key}`)).toBe('> ***');
  });

  test('the longest first: no rest of a longer secret stays', () => {
    expect(createMasker(['password1', 'password1234']).text('password1234!')).toBe('***!');
  });

  test('a short secret only where it is the whole string', () => {
    const masker = createMasker(['1234', '']);
    expect(masker.text('1234')).toBe('***');
    expect(masker.text('pin 1234')).toBe('pin 1234');
    expect(masker.json({ a: 1234, b: '1234', c: '' })).toEqual({ a: '***', b: '***', c: '' });
  });

  test('a secret made of pattern characters is taken literally', () => {
    expect(createMasker(['.*.*.*.*$&']).text('a .*.*.*.*$& b abcdefgh')).toBe('a *** b abcdefgh');
  });
});

describe('JSON', () => {
  test('strings and keys at any depth', () => {
    const masker = createMasker(['hunter2hunter2']);
    expect(masker.json({ a: ['x hunter2hunter2'], hunter2hunter2: { n: 1, z: null } })).toEqual({
      a: ['x ***'],
      '***': { n: 1, z: null },
    });
  });
});

test('keys that are secrets stay apart, and none is lost', async () => {
  const masker = createMasker(['hunter2hunter2', 'correct-horse']);
  const value = { hunter2hunter2: 1, 'correct-horse': 2, '***': 3, a: 4 };
  const masked = { '***': 1, '*** (2)': 2, '*** (3)': 3, a: 4 };
  expect(masker.json(value)).toEqual(masked);
  expect(await masker.jsonInTurns(value)).toEqual(masked);
});

describe('streams', () => {
  const pieces = (secrets: string[], parts: string[]): string[] => {
    const masker = createStreamMasker(() => secrets);
    return [...parts.map((part) => masker.push('stdout', part)), masker.flush('stdout')];
  };

  test('a secret cut anywhere is masked, and nothing is lost', () => {
    const secret = 'hunter2hunter2';
    const all = `before ${secret} between ${secret}${secret} after hunter2`;
    const expected = all.replaceAll(secret, '***');
    for (let cut = 0; cut <= all.length; cut++) {
      expect(pieces([secret], [all.slice(0, cut), all.slice(cut)]).join('')).toBe(expected);
    }
    expect(pieces([secret], [...all]).join('')).toBe(expected);
  });

  test('text that cannot begin a secret goes out at once', () => {
    expect(pieces(['hunter2hunter2'], ['line one\n', 'hun', 'ted\n'])).toEqual([
      'line one\n',
      '',
      'hunted\n',
      '',
    ]);
  });

  test('a secret that begins a longer one, or overlaps another, leaves no rest', () => {
    const longer = ['password1', 'password1234'];
    expect(pieces(longer, ['password1', '234 x']).join('')).toBe('*** x');
    const overlapping = ['abcdefgh', 'ghijklmn'];
    for (const cut of [2, 6, 7, 8]) {
      const text = 'abcdefgh!';
      expect(pieces(overlapping, [text.slice(0, cut), text.slice(cut)]).join('')).toBe('***!');
    }
  });

  test('streams do not mix', () => {
    const masker = createStreamMasker(() => ['hunter2hunter2']);
    expect(masker.push('stdout', 'hunter2')).toBe('');
    expect(masker.push('stderr', 'hunter2x')).toBe('hunter2x');
    expect(masker.push('stdout', 'hunter2!')).toBe('***!');
  });
});
