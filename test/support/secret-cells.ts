/**
 * Secrets of every make, and the ways in which programs write a text down, made without the code that
 * is tested.
 */
import { format, inspect } from 'node:util';

const PEM = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDQ7sFj2Zr8\n'.repeat(3)}-----END PRIVATE KEY-----\n`;

/** Values of secrets; each at least 12 letters and digits, but for those of `PUNCTUATED`. */
export const SECRETS: readonly string[] = [
  'hunter2hunter2',
  'S3cr3t/V4lue+with"q&b c=1',
  'sk_live_51H8xYzAbCdEfGhIjKlMnOpQr',
  'AKIAIOSFODNN7EXAMPLE',
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
  'xoxb-1234567890-ABCDEFGHIJKLMNOP',
  'correct horse battery staple',
  "it's 'quoted' and \"double\" 42",
  'back\\slash\\path\\to\\secret9',
  'tab\tinside\tthe value 77',
  'line one of two\nline two of two',
  'carriage\r\nreturn value 8811',
  'pässwörd-with-ümlauts-99',
  '密码是一个很长的秘密短语一二三四',
  'emoji🔑key🔒value 123456',
  '<script>alert("secret99")</script>',
  'a&b<c>d"e\'f g&amp;h 12345',
  '100%sure%20not%encoded9',
  'path|with^carets|and`ticks`1',
  '{curly}[square](round)1234',
  '$HOME/${USER}/$(whoami)42x',
  '#hash?query=1&other=2zz',
  'user@example.com:p@ss:w0rd!',
  'UPPERCASEONLYSECRETVALUE',
  'MixedCaseHostName12345',
  '0123456789012345',
  '-----dashes-----inside-1234',
  '~tilde!bang*star(paren)99',
  '  leading and trailing 1234  ',
  'semi;colon,comma:colon 4321',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN',
  'zażółć gęślą jaźń 2024',
  'null\u00a0break\u2003spaces12',
  `${'q'.repeat(30)}7`,
  PEM,
  'A1b2C3d4E5f6G7h8I9j0'.repeat(20),
  'https-looking://not-a-url-1234',
  'plus+plus+plus+plus+2024',
  'percent%2Fencoded%3Dalready',
];

const hex = (text: string): string => Buffer.from(text).toString('hex');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const json = (text: string): string => JSON.stringify(text);
const lower = (text: string): string => text.replace(/%../g, (code) => code.toLowerCase());
const wrapped = (text: string, columns: number): string =>
  text.replace(new RegExp(`.{${columns}}`, 'gs'), '$&\n');
const ascii = (text: string): string =>
  json(text).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
const page = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#x27;');

/** Name and how a program writes the value; null where a value cannot be written so. */
export const SPELLINGS: Readonly<Record<string, (secret: string) => string | null>> = {
  raw: (s) => s,
  json,
  'json in json': (s) => json(json(s)),
  'json three deep': (s) => json(json(json(s))),
  'json four deep': (s) => json(json(json(json(s)))),
  'json in ASCII': ascii,
  'json with \\/': (s) => json(s).replaceAll('/', '\\/'),
  'json for pages': (s) =>
    json(s).replace(/[<>&]/g, (unit) => `\\u00${unit.charCodeAt(0).toString(16)}`),
  'URL component': encodeURIComponent,
  'URL component, small hex': (s) => lower(encodeURIComponent(s)),
  'every byte percent-encoded': (s) => hex(s).replace(/../g, '%$&'),
  encodeURI,
  form: (s) => new URLSearchParams({ v: s }).toString().slice(2),
  'URL query': (s) => new URL(`http://h/?k=${s}`).href,
  'URL path': (s) => new URL(`http://h/echo/${s}`).href,
  'URL fragment': (s) => new URL(`http://h/#k=${s}`).href,
  'URL password': (s) => {
    const url = new URL('http://user@h/');
    url.password = s;
    return url.href;
  },
  page,
  'page, numbers': (s) => s.replace(/[^A-Za-z0-9]/gu, (c) => `&#${c.codePointAt(0)};`),
  hex,
  HEX: (s) => hex(s).toUpperCase(),
  base64,
  base64url: (s) => Buffer.from(s).toString('base64url'),
  'Basic credentials': (s) => `Authorization: Basic ${base64(`user:${s}`)}`,
  'base64 behind one': (s) => base64(`x${s}yz`),
  'base64 behind two': (s) => base64(`xx${s}yz`),
  'base64, wrapped': (s) => wrapped(base64(`key=${s};`), 76),
  'Python literal': (s) =>
    `'${s.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}'`,
  inspected: (s) =>
    inspect({ token: s }, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: null }),
  formatted: (s) => format('%o', s),
  'shell, single quotes': (s) => `'${s.replaceAll("'", "'\\''")}'`,
  'shell, backslashes': (s) => s.replace(/[^A-Za-z0-9_.\n/-]/gu, '\\$&'),
  'wrapped lines': (s) => wrapped(s, 9),
  'every letter in colour': (s) => [...s].map((c) => `\u001b[31m${c}\u001b[0m`).join(''),
};

/** What would give a secret away: five letters or digits of it in a row that stand nowhere else. */
export const leaks = (masked: string, spelled: string): string | null => {
  const pieces = spelled.match(/[A-Za-z0-9]{6,}/g) ?? [];
  const known = 'before after Authorization Basic token formatted https http echo dXNlcjpx';
  return pieces.find((piece) => masked.includes(piece) && !known.includes(piece)) ?? null;
};
