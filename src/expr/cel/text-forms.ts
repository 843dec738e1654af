/**
 * Functions that give a text another form: case, trimming, reversing, quoting, `format`, base64.
 */
import { chargeText, scan } from '../expr-lang/runtime.ts';
import { pointsOf } from '../expr-lang/text.ts';
import { trimSpace } from '../expr-lang/text-case.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { formatText } from './format.ts';
import { type FunctionRow, global, method } from './function-row.ts';
import { isBytes, makeBytes } from './values.ts';

/** A function of one text. */
const formed = (
  name: string,
  form: (text: string) => string,
  make: typeof method = method,
): FunctionRow =>
  make(name, [1], (rt, text) => {
    if (typeof text !== 'string') return NO_OVERLOAD;
    chargeText(rt, 2 * text.length, 0);
    return form(text);
  });

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

const quote = (text: string): string =>
  `"${Array.from(text.toWellFormed(), (char) => ESCAPES[char] ?? char).join('')}"`;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of a base64 text with its padding or without; line ends in it do not count. */
function decodeBase64(text: string): Uint8Array {
  const digits = text.replace(/[\r\n]+/g, '');
  const rest = digits.length % 4;
  const fits = digits.endsWith('=') ? rest === 0 : rest !== 1;
  if (fits && BASE64.test(digits)) return Buffer.from(digits, 'base64');
  throw new CelFault('base64.decode() got a text that is no base64');
}

export const TEXT_FORMS: readonly FunctionRow[] = [
  formed('lowerAscii', (text) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  formed('upperAscii', (text) => text.replace(/[a-z]+/g, (part) => part.toUpperCase())),
  formed('trim', trimSpace),
  formed('strings.quote', quote, global),
  method('format', [2], (rt, text, args) => {
    if (typeof text !== 'string' || !Array.isArray(args)) return NO_OVERLOAD;
    return formatText(rt, text, args);
  }),
  method('reverse', [1], (rt, value) => {
    if (typeof value !== 'string' && !Array.isArray(value)) return NO_OVERLOAD;
    const items: readonly unknown[] = Array.isArray(value) ? value : pointsOf(rt, value, 0);
    chargeText(rt, 8 * items.length, 0);
    const reversed = items.toReversed();
    return Array.isArray(value) ? reversed : reversed.join('');
  }),
  global('base64.encode', [1], (rt, value) => {
    const isText = typeof value === 'string';
    if (!isText && !isBytes(value)) return NO_OVERLOAD;
    const bytes = isText ? Buffer.from(value) : Buffer.from(value.bytes);
    chargeText(rt, 2 * bytes.length, 0);
    return bytes.toString('base64');
  }),
  global('base64.decode', [1], (rt, text) => {
    if (typeof text !== 'string') return NO_OVERLOAD;
    scan(rt, text.length, 0);
    chargeText(rt, text.length, 0);
    return makeBytes(decodeBase64(text));
  }),
];
