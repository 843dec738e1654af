/**
 * Whether a webhook's request was signed by somebody who has its secret, in the form of the webhook:
 *
 * - `opcode`: `X-Opcode-Signature: t=<unix seconds>,v2=<hex>`, HMAC-SHA256 over the bytes
 *   `v2\n<name>\n<t>\n<body>`, at most five minutes old; several `v2` may be given while a secret is
 *   changed. It fits no other webhook and no other time.
 * - `forge`: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 over the body, as forges send it, and as
 *   Opcode's own notices have it in `X-Opcode-Signature`. It holds neither time nor name.
 * - `legacy`: the second, or `t=<unix seconds>,v1=<hex>` over `<t>.<body>`. One key over both messages
 *   lets a body of the second be a signed message of the first, so such bodies are refused.
 *
 * Signatures are compared in constant time. Without a signature nothing is accepted.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookForm } from '../model/schedule.ts';

const OWN_HEADER = 'x-opcode-signature';
const FORGE_HEADER = 'x-hub-signature-256';
/** How far the time of a signature may be from now. */
const TOLERANCE_MS = 5 * 60_000;

export type Verdict =
  /** `expires`: it holds a time, so that it is good for some minutes only. */
  | { readonly ok: true; readonly signature: string; readonly expires: boolean }
  | { readonly ok: false; readonly message: string };

export interface SignedRequest {
  /** Name of the webhook that it was sent to. */
  readonly name: string;
  readonly form: WebhookForm;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const refused = (message: string): Verdict => ({ ok: false, message });

/** Returns a digest that is equal for equal secrets and tells nothing else of them. */
export const secretDigestOf = (secret: string): string =>
  createHmac('sha256', secret).update('the secret of a webhook').digest('hex');

/**
 * Checks the headers of a request against its raw body. What is said of a wrong one is the same for
 * every form and every name, so that nobody can try out which webhooks there are.
 */
export function checkSignature(request: SignedRequest, secret: string, nowMs: number): Verdict {
  const { form, headers } = request;
  const own = headers.get(OWN_HEADER);
  const forge = headers.get(FORGE_HEADER);
  const problem = shapeProblem(own, forge);
  if (problem !== null) return refused(problem);
  const isPlain = own?.startsWith(PLAIN) === true;
  if (form === 'opcode' || (form === 'legacy' && own !== null && !isPlain)) {
    return checkTimed(request, isPlain ? null : own, secret, nowMs);
  }
  return checkPlain(request, isPlain ? own : forge, secret);
}

const HEX = /^[0-9a-fA-F]{64}$/;
const MAX_SIGNATURES = 5;
const PLAIN = 'sha256=';

const UNSIGNED = `it is not signed: send ${OWN_HEADER} or ${FORGE_HEADER}`;
const MISFIT =
  'the signature does not fit the secret, the body, the name or the form of a webhook here';

/** Finds what is wrong with the headers whatever they are held against. */
function shapeProblem(own: string | null, forge: string | null): string | null {
  if (own === null && forge === null) return UNSIGNED;
  if (own?.startsWith(PLAIN) === true)
    return isPlainSignature(own) ? null : mustBePlain(OWN_HEADER);
  if (own !== null) {
    if (readTimed(own, 'v1') !== null || readTimed(own, 'v2') !== null) return null;
    return `${OWN_HEADER} must be t=<unix seconds>,v2=<64 hex digits>`;
  }
  return isPlainSignature(forge ?? '') ? null : mustBePlain(FORGE_HEADER);
}

const mustBePlain = (name: string): string => `${name} must be sha256=<64 hex digits>`;
const isPlainSignature = (header: string): boolean =>
  header.startsWith(PLAIN) && HEX.test(header.slice(PLAIN.length));

interface Timed {
  readonly time: string;
  readonly signatures: readonly string[];
}

/** Reads `t=<seconds>,<key>=<hex>…`; null when it is anything else. */
function readTimed(header: string, key: 'v1' | 'v2'): Timed | null {
  const parts = header.split(',').map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
  const given = parts.filter((part) => part.startsWith(`${key}=`)).map((part) => part.slice(3));
  const isWellFormed =
    /^\d{1,12}$/.test(time) && given.length > 0 && given.every((each) => HEX.test(each));
  return isWellFormed && given.length <= MAX_SIGNATURES ? { time, signatures: given } : null;
}

function checkTimed(
  { name, form, body }: SignedRequest,
  header: string | null,
  secret: string,
  nowMs: number,
): Verdict {
  const timed = header === null ? null : readTimed(header, form === 'opcode' ? 'v2' : 'v1');
  if (timed === null) return refused(MISFIT);
  const { time, signatures } = timed;
  const message = form === 'opcode' ? `v2\n${name}\n${time}\n` : `${time}.`;
  const hmac = createHmac('sha256', secret).update(message).update(body).digest();
  const match = signatures.find((each) => isEqual(each, hmac));
  if (match === undefined) return refused(MISFIT);
  // Only who has the secret is told about the time.
  if (Math.abs(nowMs - Number(time) * 1000) > TOLERANCE_MS) {
    return refused(`${OWN_HEADER} is of another time: t must be within 5 minutes of now`);
  }
  return { ok: true, signature: `${time}.${match.toLowerCase()}`, expires: true };
}

function checkPlain({ body }: SignedRequest, header: string | null, secret: string): Verdict {
  if (header === null || !isPlainSignature(header)) return refused(MISFIT);
  const given = header.slice(PLAIN.length);
  const hmac = createHmac('sha256', secret).update(body).digest();
  if (!isEqual(given, hmac)) return refused(MISFIT);
  if (isTimedMessage(body)) return refused('the body reads like a signed message of another form');
  return { ok: true, signature: given.toLowerCase(), expires: false };
}

/** Detects a body that is what a form with a time signs: recorded there, it would fit here. */
function isTimedMessage(body: Uint8Array): boolean {
  const start = Buffer.from(body.subarray(0, 13)).toString('latin1');
  return /^\d{1,12}\./.test(start) || start.startsWith('v2\n');
}

const isEqual = (hex: string, hmac: Uint8Array): boolean =>
  timingSafeEqual(Buffer.from(hex, 'hex'), hmac);
