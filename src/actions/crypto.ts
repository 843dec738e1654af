/**
 * `crypto.*`: digests, keyed digests, random ids and text encodings. Inline: pure over their params.
 *
 * Text goes in as UTF-8. Encodings are read strictly: what is not valid is an error, not a guess.
 */
import { createHash, createHmac } from 'node:crypto';
import type { ActionDef, InlineAction, ParamSpec } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import type { JsonObject } from '../model/json.ts';

const ALGORITHMS = ['sha256', 'sha384', 'sha512', 'sha1', 'md5'] as const;
const ENCODINGS = ['base64', 'base64url', 'hex'] as const;

const data: ParamSpec = { type: 'string', required: true, description: 'text, taken as UTF-8' };
const algorithm: ParamSpec = { type: 'string', values: ALGORITHMS, default: 'sha256' };
const encoding: ParamSpec = { type: 'string', values: ENCODINGS, default: 'base64' };

type Run = InlineAction['run'];

const action = (
  name: string,
  description: string,
  params: InlineAction['params'],
  run: Run,
): InlineAction => ({ name, description, effect: 'pure', inline: true, params, run });

export function cryptoActions(): readonly ActionDef[] {
  return [
    action(
      'crypto.hash',
      'Digest of a text as hex.',
      { data, algorithm },
      ({ data, algorithm }) => ({
        output: {
          hash: createHash(String(algorithm)).update(String(data)).digest('hex'),
          algorithm: String(algorithm),
        },
      }),
    ),
    action(
      'crypto.hmac',
      'Keyed digest of a text as hex.',
      { data, key: { type: 'string', required: true, secrets: true }, algorithm },
      hmac,
    ),
    action('crypto.uuid', 'A random UUID (version 4).', {}, (_, context) => ({
      output: { uuid: context.randomUuid() },
    })),
    action('crypto.encode', 'A text in another encoding.', { data, encoding }, (params) => ({
      output: { result: Buffer.from(String(params.data)).toString(encodingOf(params)) },
    })),
    action('crypto.decode', 'The text behind an encoding.', { data, encoding }, decode),
  ];
}

const hmac: Run = ({ data, key, algorithm }) => {
  const digest = createHmac(String(algorithm), String(key)).update(String(data)).digest('hex');
  return { output: { hmac: digest, algorithm: String(algorithm) } };
};

const decode: Run = (params) => {
  const encoding = encodingOf(params);
  const text = String(params.data).replace(/\s+/g, '');
  const bytes = decodeBytes(text, encoding);
  if (bytes === null) {
    throw new AppError('VALIDATION_ERROR', `"data" is not valid ${encoding}`);
  }
  try {
    return {
      output: { result: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) },
    };
  } catch (cause) {
    const message = 'the decoded bytes are not UTF-8 text';
    throw new AppError('VALIDATION_ERROR', message, { cause });
  }
};

const encodingOf = (params: JsonObject): (typeof ENCODINGS)[number] =>
  ENCODINGS.find((name) => name === params.encoding) ?? 'base64';

const SHAPES = {
  base64: /^[A-Za-z0-9+/]*={0,2}$/,
  base64url: /^[A-Za-z0-9_-]*={0,2}$/,
  hex: /^(?:[0-9A-Fa-f]{2})*$/,
} as const;

/** The bytes behind a text without white space, null when it is not in that encoding. */
export function decodeBytes(text: string, encoding: keyof typeof SHAPES): Buffer | null {
  if (!SHAPES[encoding].test(text)) return null;
  const digits = text.replace(/=+$/, '');
  if (encoding !== 'hex' && digits.length % 4 === 1) return null;
  return Buffer.from(digits, encoding);
}
