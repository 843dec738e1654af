/**
 * Webhooks: a signed POST to `/hooks/<name>` starts the template that named it.
 *
 * Nothing of a request is believed before its signature fits; the same delivery starts one run,
 * however often it is sent. Answers 202 with the run's id and does not wait for the run.
 */
import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../model/error.ts';
import { asRunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { Logger, SecretSource } from '../model/ports.ts';
import type { WebhookRow } from '../model/schedule.ts';
import type { ScheduleStore, WebhookUse, WebhookUseOutcome } from '../model/schedule-store.ts';
import type { CallContext } from '../ops/operation.ts';
import { WEBHOOK_KEY } from '../ops/start.ts';
import { createThrottle, type Throttle } from './access-throttle.ts';
import { asAppError, errorResponse, jsonResponse } from './api-answer.ts';
import { deliveryOf, paramsOf, toldHeaders } from './hooks-content.ts';
import { checkSignature, secretDigestOf, type Verdict } from './hooks-signature.ts';
import type { Handler, Route } from './server.ts';

export interface HookDeps {
  readonly webhooks: Pick<
    ScheduleStore,
    'webhook' | 'webhooks' | 'webhookSecrets' | 'useWebhook' | 'noteWebhookRun'
  >;
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
  readonly refusals: Throttle;
  /** The secret of webhooks that are not there, or whose secret is not: nobody has it. */
  readonly nobodys: string;
}

/** A webhook with the value of its secret. */
type OpenHook = WebhookRow & { readonly value: string };

async function receive(parts: Parts, request: Request, name: string): Promise<Response> {
  const hook = openHook(parts, name);
  const body = new Uint8Array(await request.arrayBuffer());
  const { headers } = request;
  const signed = { name, form: hook?.form ?? 'opcode', headers, body };
  const verdict = checkSignature(signed, hook?.value ?? parts.nobodys, parts.now());
  // A name that is not there is refused like a wrong signature: names cannot be tried out.
  if (hook === null || !verdict.ok) {
    return refuse(parts, hook, verdict.ok ? 'it is not there' : verdict.message);
  }
  const shared = sharesSecret(parts, hook);
  if (shared !== null) {
    const message = `its secret has the same value as that of "${shared}": give each its own`;
    tell(parts, 'a webhook was refused', { webhook: name, reason: message });
    return refusal(409, 'CONFLICT', message);
  }
  const use = useOf(parts, hook, verdict, deliveryOf(headers));
  if (hook.equalBodies && use.delivery === null) {
    const message = 'this webhook needs the id of the delivery: send x-opcode-delivery';
    return refusal(400, 'VALIDATION_ERROR', message);
  }
  const outcome = parts.webhooks.useWebhook(use);
  if (outcome.kind === 'replayed') {
    return refuse(parts, hook, 'replayed: this signature came with another delivery before');
  }
  if (outcome.kind === 'repeat') {
    const again = repeated(hook, outcome);
    if (again !== null) return again;
  }
  const waitMs = parts.admit(name);
  if (waitMs > 0) {
    const after = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
    return refusal(429, 'LIMIT_EXCEEDED', `more than ${parts.perMinute()} a minute`, after);
  }
  return start(parts, hook, use, paramsOf(headers, body), headers);
}

async function start(
  parts: Parts,
  { name, template }: WebhookRow,
  use: WebhookUse,
  params: JsonObject,
  headers: Headers,
): Promise<Response> {
  const { delivery, signature } = use;
  const result = await parts.run(contextOf(name, delivery), {
    template_name: template,
    params,
    context: { webhook: { name, headers: toldHeaders(headers) } },
    idempotency_key: `${WEBHOOK_KEY}${name} ${delivery ?? signature}`,
    wait: 0,
  });
  const { workflow_id, created } = result as { workflow_id: string; created?: boolean };
  parts.webhooks.noteWebhookRun(use, asRunId(workflow_id));
  return jsonResponse({ workflow_id, created: created !== false }, 202);
}

/**
 * Answers a delivery that came before: with its run where the body alone was signed, or where another
 * webhook with the same secret took it. Null: the run's own key knows it.
 */
function repeated(
  { name, form }: WebhookRow,
  { webhook, runId }: Extract<WebhookUseOutcome, { kind: 'repeat' }>,
): Response | null {
  const isHere = webhook === name;
  if (runId !== null && (form === 'forge' || !isHere)) {
    return jsonResponse({ workflow_id: runId, created: false }, 202);
  }
  // It was remembered and has started nothing: sent again to where it came first, it still can.
  return isHere ? null : refusal(409, 'CONFLICT', 'this delivery came to another webhook');
}

/** What is remembered of a request, and for how long: a signature with a time ends by itself. */
function useOf(
  parts: Parts,
  hook: OpenHook,
  { signature, expires }: Extract<Verdict, { ok: true }>,
  delivery: string | null,
): WebhookUse {
  const at = parts.now();
  return {
    secretDigest: secretDigestOf(hook.value),
    webhook: hook.name,
    signature,
    delivery,
    at,
    until: at + (expires ? TIMED_USE_MS : PLAIN_USE_MS),
    repeatable: !expires && (hook.equalBodies || hook.form === 'legacy'),
  };
}

/** A signature is good for five minutes before and after its time. */
const TIMED_USE_MS = 11 * 60_000;
const PLAIN_USE_MS = 30 * 86_400_000;

/** Finds an older webhook with the same value; those from before may share one. */
function sharesSecret({ webhooks, secrets }: Parts, hook: OpenHook): string | null {
  if (hook.form === 'legacy') return null;
  const same = new Set(
    webhooks.webhookSecrets().filter((name) => {
      const other = secrets.resolve(name);
      return other.ok && other.value === hook.value;
    }),
  );
  const isOlder = (other: WebhookRow): boolean =>
    other.createdAt < hook.createdAt ||
    (other.createdAt === hook.createdAt && other.name < hook.name);
  const older = webhooks
    .webhooks()
    .find((other) => other.name !== hook.name && same.has(other.secret) && isOlder(other));
  return older?.name ?? null;
}

function openHook(parts: Parts, name: string): OpenHook | null {
  const hook = parts.webhooks.webhook(name);
  if (hook === null) return null;
  const found = parts.secrets.resolve(hook.secret);
  if (found.ok) return { ...hook, value: found.value };
  tell(parts, 'a webhook has no secret', { webhook: name, error: found.error.message });
  return null;
}

function refuse(parts: Parts, hook: WebhookRow | null, reason: string): Response {
  if (hook !== null) tell(parts, 'a webhook was refused', { webhook: hook.name, reason });
  return refusal(401, 'PERMISSION_DENIED', reason);
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
