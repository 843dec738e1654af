/**
 * Whether a webhook's body was signed by somebody who has its secret. Two forms are understood:
 *
 * - `X-Opcode-Signature: t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`, at most five
 *   minutes old; several `v1` may be given while a secret is changed.
 * - `X-Hub-Signature-256: sha256=<hex>`: HMAC-SHA256 over the body, as forges send it, and as Opcode's
 *   own notices have it in `X-Opcode-Signature`. It holds no time.
 *
 * Signatures are compared in constant time. Without either header nothing is accepted.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE_HEADER = 'x-opcode-signature';
const FORGE_HEADER = 'x-hub-signature-256';
/** How far the time of a signature may be from now. */
export const TOLERANCE_MS = 5 * 60_000;

export type Verdict =
  /** `expires`: it holds a time, so that it is good for some minutes only. */
  | { readonly ok: true; readonly signature: string; readonly expires: boolean }
  | { readonly ok: false; readonly message: string };

const refused = (message: string): Verdict => ({ ok: false, message });

/** Checks the headers of a request against its raw body. */
export function checkSignature(
  headers: Headers,
  body: Uint8Array,
  secret: string,
  nowMs: number,
): Verdict {
  const own = headers.get(SIGNATURE_HEADER);
  if (own?.startsWith(PLAIN) === true) return checkPlain(SIGNATURE_HEADER, own, body, secret);
  if (own !== null) return checkOwn(own, body, secret, nowMs);
  const forge = headers.get(FORGE_HEADER);
  if (forge !== null) return checkPlain(FORGE_HEADER, forge, body, secret);
  return refused(`it is not signed: send ${SIGNATURE_HEADER} or ${FORGE_HEADER}`);
}

const HEX = /^[0-9a-fA-F]{64}$/;
const MAX_SIGNATURES = 5;
const PLAIN = 'sha256=';

function checkOwn(header: string, body: Uint8Array, secret: string, nowMs: number): Verdict {
  const parts = header.split(',').map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
  const given = parts.filter((part) => part.startsWith('v1=')).map((part) => part.slice(3));
  const isWellFormed =
    /^\d{1,12}$/.test(time) && given.length > 0 && given.every((each) => HEX.test(each));
  if (!isWellFormed || given.length > MAX_SIGNATURES) {
    return refused(`${SIGNATURE_HEADER} must be t=<unix seconds>,v1=<64 hex digits>`);
  }
  const hmac = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  const match = given.find((each) => isEqual(each, hmac));
  if (match === undefined)
    return refused(`${SIGNATURE_HEADER} does not fit the body and the secret`);
  // Only who has the secret is told about the time.
  if (Math.abs(nowMs - Number(time) * 1000) > TOLERANCE_MS) {
    return refused(`${SIGNATURE_HEADER} is of another time: t must be within 5 minutes of now`);
  }
  return { ok: true, signature: `${time}.${match.toLowerCase()}`, expires: true };
}

function checkPlain(name: string, header: string, body: Uint8Array, secret: string): Verdict {
  const given = header.startsWith(PLAIN) ? header.slice(PLAIN.length) : '';
  if (!HEX.test(given)) return refused(`${name} must be sha256=<64 hex digits>`);
  const hmac = createHmac('sha256', secret).update(body).digest();
  if (!isEqual(given, hmac)) return refused(`${name} does not fit the body and the secret`);
  return { ok: true, signature: given.toLowerCase(), expires: false };
}

const isEqual = (hex: string, hmac: Uint8Array): boolean =>
  timingSafeEqual(Buffer.from(hex, 'hex'), hmac);
