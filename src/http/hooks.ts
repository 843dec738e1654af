/**
 * Webhooks: a signed POST to `/hooks/<name>` starts the template that named it.
 *
 * Nothing of a request is believed before its signature fits; the same delivery starts one run,
 * however often it is sent. Answers 202 with the run's id and does not wait for the run.
 */
import { createHash, randomUUID } from 'node:crypto';
import { AppError, type ErrorCode } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Logger, SecretSource } from '../model/ports.ts';
import type { WebhookRow } from '../model/schedule.ts';
import type { CallContext } from '../ops/operation.ts';
import { WEBHOOK_KEY } from '../ops/start.ts';
import { createThrottle, type Throttle } from './access-throttle.ts';
import { asAppError, errorResponse, jsonResponse } from './api-answer.ts';
import { checkSignature, TOLERANCE_MS } from './hooks-signature.ts';
import type { Handler, Route } from './server.ts';

export interface HookDeps {
  readonly webhook: (name: string) => WebhookRow | null;
  readonly secrets: SecretSource;
  readonly run: (
    ctx: CallContext,
    input: {
      readonly template_name: string;
      readonly params: JsonObject;
      readonly context: JsonObject;
      readonly idempotency_key: string;
      readonly wait: 0;
    },
  ) => Promise<object>;
  readonly now: () => number;
  readonly log: Logger;
  /** Signed requests a minute to one webhook. */
  readonly perMinute: () => number;
}

/** The route under which webhooks come in. */
export function createHooks(deps: HookDeps): Readonly<Record<string, Route>> {
  const parts: Parts = {
    ...deps,
    admit: createRate(deps.perMinute, deps.now),
    isReused: createUses(deps.now),
    refusals: createThrottle(deps.now),
    nobodys: randomUUID(),
  };
  const handle: Handler = async (request, { params }) => {
    try {
      return await receive(parts, request, params.name ?? '');
    } catch (thrown) {
      return errorResponse(asAppError(thrown, deps.log, 'a webhook'));
    }
  };
  return { '/hooks/:name': { open: true, anyContent: true, methods: { POST: handle } } };
}

interface Parts extends HookDeps {
  readonly admit: (name: string) => number;
  readonly isReused: (signature: string, delivery: string | null) => boolean;
  readonly refusals: Throttle;
  /** The secret of webhooks that are not there: nobody has it. */
  readonly nobodys: string;
}

async function receive(parts: Parts, request: Request, name: string): Promise<Response> {
  const hook = parts.webhook(name);
  const body = new Uint8Array(await request.arrayBuffer());
  const { headers } = request;
  const secret = hook === null ? parts.nobodys : secretOf(parts, hook);
  const verdict = checkSignature(headers, body, secret, parts.now());
  // A name that is not there is refused like a wrong signature: names cannot be tried out.
  if (hook === null || !verdict.ok) {
    const reason = verdict.ok ? 'it is not there' : verdict.message;
    if (hook !== null) tell(parts, 'a webhook was refused', { webhook: name, reason });
    return refusal(401, 'PERMISSION_DENIED', reason);
  }
  const delivery = deliveryOf(headers);
  if (verdict.expires && parts.isReused(verdict.signature, delivery)) {
    const reason = 'this signature came with another delivery before: sign each delivery anew';
    tell(parts, 'a webhook was refused', { webhook: name, reason });
    return refusal(401, 'PERMISSION_DENIED', reason);
  }
  const waitMs = parts.admit(name);
  if (waitMs > 0) {
    const after = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
    return refusal(429, 'LIMIT_EXCEEDED', `more than ${parts.perMinute()} a minute`, after);
  }
  const result = await parts.run(contextOf(name, delivery), {
    template_name: hook.template,
    params: paramsOf(headers, body),
    context: { webhook: { name, headers: toldHeaders(headers) } },
    idempotency_key: `${WEBHOOK_KEY}${name} ${delivery ?? verdict.signature}`,
    wait: 0,
  });
  const { workflow_id, created } = result as { workflow_id: string; created?: boolean };
  return jsonResponse({ workflow_id, created: created !== false }, 202);
}

function secretOf(parts: Parts, { name, secret }: WebhookRow): string {
  const found = parts.secrets.resolve(secret);
  if (found.ok) return found.value;
  tell(parts, 'a webhook has no secret', { webhook: name, error: found.error.message });
  throw new AppError('ACTION_UNAVAILABLE', 'this webhook cannot check signatures now');
}

/** Says it in the log, a few times a minute and webhook: anybody may send as often as he likes. */
function tell(
  { refusals, log }: Parts,
  message: string,
  fields: Readonly<Record<string, string>> & { readonly webhook: string },
): void {
  if (refusals.fail(fields.webhook).isTold) log.warn(message, fields);
}

const refusal = (
  status: number,
  code: ErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response => Response.json({ error: { code, message } }, { status, headers });

const contextOf = (name: string, delivery: string | null): CallContext => ({
  caller: { agentId: null, name: `webhook:${name}`, role: 'operator', sender: 'system' },
  exec: null,
  trigger: { type: 'webhook', webhook: name, ...(delivery === null ? {} : { delivery }) },
});

/** Where senders put the id of a delivery, which stays the same when they send it again. */
const DELIVERY_HEADERS = [
  'x-opcode-delivery',
  'x-opcode-event',
  'idempotency-key',
  'x-github-delivery',
  'x-gitea-delivery',
  'x-gitlab-event-uuid',
  'webhook-id',
];
const MAX_DELIVERY = 200;

function deliveryOf(headers: Headers): string | null {
  for (const header of DELIVERY_HEADERS) {
    const id = headers.get(header);
    if (id === null || id === '') continue;
    return id.length <= MAX_DELIVERY ? id : createHash('sha256').update(id).digest('hex');
  }
  return null;
}

/** Headers that a workflow may see: what it is, never what proves it. */
const TOLD_HEADERS = [
  'content-type',
  'user-agent',
  'x-github-event',
  'x-gitea-event',
  'x-gitlab-event',
  'x-event-key',
  ...DELIVERY_HEADERS,
];

const toldHeaders = (headers: Headers): JsonObject =>
  Object.fromEntries(
    TOLD_HEADERS.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

/** A JSON object is the input itself; anything else is `{body, headers}`. */
function paramsOf(headers: Headers, body: Uint8Array): JsonObject {
  const text = textOf(body);
  if (text === null) {
    const encoded = Buffer.from(body).toString('base64');
    return { body: encoded, encoding: 'base64', headers: toldHeaders(headers) };
  }
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isJson = type === 'application/json' || type.endsWith('+json');
  const value: Json = isJson ? parsed(text) : text;
  return isJsonObject(value) ? value : { body: value, headers: toldHeaders(headers) };
}

function textOf(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    // Not text: it is handed on as bytes.
    return null;
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new AppError('VALIDATION_ERROR', 'the body says it is JSON and is not', { cause });
  }
}

/** Signatures with a time that are remembered, and for how long: none is good for longer. */
const MAX_USES = 10_000;
const USE_MS = 2 * TOLERANCE_MS;

/**
 * Whether a signature came before with another delivery. What says which delivery it is is not signed,
 * so whoever has seen a request could otherwise send it again as a new one.
 */
function createUses(now: () => number): (signature: string, delivery: string | null) => boolean {
  const uses = new Map<string, { readonly delivery: string | null; readonly until: number }>();
  return (signature, delivery) => {
    const at = now();
    const known = uses.get(signature);
    if (known !== undefined) return known.delivery !== delivery;
    for (const [each, { until }] of uses) {
      if (until > at && uses.size < MAX_USES) break;
      uses.delete(each);
    }
    uses.set(signature, { delivery, until: at + USE_MS });
    return false;
  };
}

const MINUTE_MS = 60_000;
const MAX_NAMES = 1000;

/** Lets so many a minute through; answers how long the others have to wait, milliseconds. */
function createRate(perMinute: () => number, now: () => number): (name: string) => number {
  const windows = new Map<string, { startMs: number; count: number }>();
  return (name) => {
    const at = now();
    const window = windows.get(name);
    if (window === undefined || at - window.startMs >= MINUTE_MS || at < window.startMs) {
      if (windows.size >= MAX_NAMES) windows.clear();
      windows.set(name, { startMs: at, count: 1 });
      return 0;
    }
    window.count += 1;
    return window.count <= perMinute() ? 0 : window.startMs + MINUTE_MS - at;
  };
}
