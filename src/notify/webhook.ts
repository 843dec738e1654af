/**
 * One message to a webhook: secrets put in, body made, signed, sent, judged.
 *
 * The signature is that of GitHub: `sha256=` and the HMAC-SHA256 of the body in hex. What goes wrong is
 * said without any secret: an address may itself be one.
 */
import { createHmac } from 'node:crypto';
import { AppError, messageOf } from '../model/error.ts';
import type { JsonObject } from '../model/json.ts';
import type { WebhookChannel } from '../model/notice.ts';
import { secretsIn, withSecrets } from '../model/notice-settings.ts';
import type { Masker, SecretSource } from '../model/ports.ts';
import type { Body } from './body.ts';

export interface WebhookRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface WebhookAnswer {
  readonly status: number;
  /** What a `Retry-After` asks for. */
  readonly retryAfterMs: number | null;
  /** How the answer begins. */
  readonly text: string;
}

export interface WebhookPorts {
  /** Sends a POST by the rules for outgoing requests; redirects are not followed. */
  readonly post: (request: WebhookRequest) => Promise<WebhookAnswer>;
  readonly secrets: SecretSource;
  /** Masks every secret of this process and these: what a receiver says is not ours to trust. */
  readonly masker: (secrets: readonly string[]) => Masker;
  readonly userAgent: string;
}

/** What is delivered: the message's key, and the message with its key and channel. */
export interface Delivery {
  readonly key: string;
  readonly message: JsonObject;
  readonly signal: AbortSignal;
}

const MAX_SHOWN_CHARS = 200;

/** Resolves when the receiver has taken the message. @throws AppError whose text holds no secret */
export async function sendWebhook(
  ports: WebhookPorts,
  channel: WebhookChannel,
  body: Body,
  delivery: Delivery,
): Promise<void> {
  const secrets = secretsOf(ports.secrets, channel);
  const masker = ports.masker([...secrets.values()]);
  let answer: WebhookAnswer;
  try {
    answer = await ports.post(requestOf(ports, channel, body, delivery, secrets));
  } catch (thrown) {
    const message = masker.text(messageOf(thrown));
    throw new AppError(thrown instanceof AppError ? thrown.code : 'EXECUTION_ERROR', message);
  }
  const { status, text, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) {
    const message = `it redirects (HTTP ${status}): give the address that it leads to`;
    throw new AppError('EXECUTION_ERROR', message);
  }
  const said = masker.text(masker.cutOff(text.trim())).slice(0, MAX_SHOWN_CHARS);
  throw new AppError('EXECUTION_ERROR', `HTTP ${status}${said === '' ? '' : `: ${said}`}`, {
    ...(retryAfterMs === null ? {} : { details: { retry_after_ms: retryAfterMs } }),
  });
}

/** Values of all secrets that the channel names. @throws AppError VAULT_ERROR */
function secretsOf(source: SecretSource, channel: WebhookChannel): ReadonlyMap<string, string> {
  const texts = [channel.url, ...Object.values(channel.headers)];
  const names = new Set(texts.flatMap(secretsIn));
  if (channel.secret !== null) names.add(channel.secret);
  const values = new Map<string, string>();
  for (const name of names) {
    const found = source.resolve(name);
    if (!found.ok) throw new AppError(found.error.code, found.error.message);
    values.set(name, found.value);
  }
  return values;
}

function requestOf(
  { userAgent }: WebhookPorts,
  channel: WebhookChannel,
  body: Body,
  { key, message, signal }: Delivery,
  secrets: ReadonlyMap<string, string>,
): WebhookRequest {
  const rendered = body.render(message);
  if (!rendered.ok) throw new AppError('INTERPOLATION_ERROR', `its body: ${rendered.error}`);
  const { text, contentType } = rendered.body;
  const headers: Record<string, string> = {
    'content-type': contentType,
    'user-agent': userAgent,
    ...headersOf(channel, secrets),
    'x-opcode-event': headerText(key),
    'x-opcode-kind': String(message.kind),
  };
  if (channel.secret !== null) {
    const hmac = createHmac('sha256', secrets.get(channel.secret) ?? '');
    headers['x-opcode-signature'] = `sha256=${hmac.update(text).digest('hex')}`;
  }
  return { url: urlOf(channel, secrets), headers, body: text, signal };
}

/** Keys hold names that people give; a header takes printable ASCII. */
const headerText = (key: string): string =>
  key.replace(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character.toWellFormed()));

function headersOf(
  { headers }: WebhookChannel,
  secrets: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = withSecrets(value, secrets);
    if (/[\r\n\0]/.test(text)) {
      throw new AppError('VALIDATION_ERROR', `headers.${name}: the secret has more than one line`);
    }
    sent[name] = text;
  }
  return sent;
}

function urlOf({ url }: WebhookChannel, secrets: ReadonlyMap<string, string>): URL {
  const parsed = URL.parse(withSecrets(url, secrets));
  if (parsed !== null && (parsed.protocol === 'https:' || parsed.protocol === 'http:')) {
    return parsed;
  }
  throw new AppError('VALIDATION_ERROR', 'with its secrets the url is no http or https URL');
}
