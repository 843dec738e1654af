/**
 * Webhooks: a signed POST to `/hooks/<name>` starts the template that named it.
 *
 * Nothing of a request is believed before its signature fits; the same delivery starts one run,
 * however often it is sent. Answers 202 with the run's id and does not wait for the run.
 */
import { createHash } from 'node:crypto';
import { AppError, type ErrorCode } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Logger, SecretSource } from '../model/ports.ts';
import type { WebhookRow } from '../model/schedule.ts';
import type { CallContext } from '../ops/operation.ts';
import { asAppError, errorResponse, jsonResponse } from './api-answer.ts';
import { checkSignature } from './hooks-signature.ts';
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
  const admit = createRate(deps.perMinute, deps.now);
  const handle: Handler = async (request, { params }) => {
    try {
      return await receive(deps, admit, request, params.name ?? '');
    } catch (thrown) {
      return errorResponse(asAppError(thrown, deps.log, 'a webhook'));
    }
  };
  return { '/hooks/:name': { open: true, anyContent: true, methods: { POST: handle } } };
}

async function receive(
  deps: HookDeps,
  admit: (name: string) => number,
  request: Request,
  name: string,
): Promise<Response> {
  const hook = deps.webhook(name);
  if (hook === null) {
    throw new AppError('NOT_FOUND', `there is no webhook "${name.slice(0, 100)}"`);
  }
  const secret = deps.secrets.resolve(hook.secret);
  if (!secret.ok) {
    deps.log.warn('a webhook has no secret', { webhook: name, error: secret.error.message });
    throw new AppError('ACTION_UNAVAILABLE', 'this webhook cannot check signatures now');
  }
  const body = new Uint8Array(await request.arrayBuffer());
  const { headers } = request;
  const verdict = checkSignature(headers, body, secret.value, deps.now());
  if (!verdict.ok) {
    deps.log.warn('a webhook was refused', { webhook: name, reason: verdict.message });
    return refusal(401, 'PERMISSION_DENIED', verdict.message);
  }
  const waitMs = admit(name);
  if (waitMs > 0) {
    const after = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
    return refusal(429, 'LIMIT_EXCEEDED', `more than ${deps.perMinute()} a minute`, after);
  }
  const delivery = deliveryOf(headers);
  const result = await deps.run(contextOf(name, delivery), {
    template_name: hook.template,
    params: paramsOf(headers, body),
    context: { webhook: { name, headers: toldHeaders(headers) } },
    idempotency_key: `webhook ${name} ${delivery ?? verdict.signature}`,
    wait: 0,
  });
  const { workflow_id, created } = result as { workflow_id: string; created?: boolean };
  return jsonResponse({ workflow_id, created: created !== false }, 202);
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
