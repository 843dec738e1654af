/**
 * A decision that only a person may make, put to the person at the client (elicitation).
 *
 * The form comes from the client's program, not from its model, so its answer counts as a person's.
 * Whoever closes the form leaves the decision open. The newest protocol answers a call with a request
 * for input and is called again with it, and with what the server signed when it asked; older ones ask
 * in between.
 */
import { randomBytes } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  type RequestStateCodec,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { messageOf } from '../model/error.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '../model/json.ts';
import type { Logger } from '../model/ports.ts';
import type { ToolResult } from './answers.ts';

export interface PersonDecision {
  readonly workflowId: string;
  readonly stepId: string;
}

export interface PersonAnswer extends PersonDecision {
  readonly choice: string;
  readonly reasoning: string | null;
}

/** Signs which decision was asked, so that an answer can only be to a question of this process. */
export type AskedPlaces = RequestStateCodec<PersonDecision>;

/** How long a question of the newest protocol may be answered, seconds. */
const ASKED_SECONDS = 24 * 3600;
const KEY_BYTES = 32;

export const createAskedPlaces = (): AskedPlaces =>
  createRequestStateCodec<PersonDecision>({
    key: randomBytes(KEY_BYTES),
    ttlSeconds: ASKED_SECONDS,
  });

/** How long the form stays open when the protocol lets the call wait for it. */
const FORM_MS = 10 * 60_000;
const FORM = 'decision';

/** The decision in an answer that a person has to make, null when there is none. */
function openDecision(result: ToolResult): JsonObject | null {
  const pending = result.structuredContent?.pending_decisions;
  if (!isJsonArray(pending)) return null;
  return pending.filter(isJsonObject).find((each) => each.by === 'person') ?? null;
}

function canAsk(server: Server, ctx: ServerContext): boolean {
  const envelope = (ctx.mcpReq.envelope ?? {}) as Readonly<Record<string, unknown>>;
  const known = envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
  const kinds = isJsonObject(known) ? (known.elicitation ?? null) : null;
  // Without a kind forms are meant; there are clients that only open addresses.
  return isJsonObject(kinds) && (Object.keys(kinds).length === 0 || kinds.form !== undefined);
}

export interface Asking {
  readonly server: Server;
  readonly ctx: ServerContext;
  readonly log: Logger;
  readonly places: AskedPlaces;
  /** Takes the form back: nobody waits for the call any more, or nobody is there to take its answer. */
  readonly abort: AbortSignal | undefined;
  /** Decides for the person and answers with the run as it then is. */
  readonly decide: (answer: PersonAnswer) => Promise<ToolResult>;
}

/** Decisions that one call may put to the person, one after the other. */
const MAX_FORMS = 10;

/** The answer after the person was asked, or as it is when nobody is to be asked. */
export async function askPerson(asking: Asking, first: ToolResult) {
  const { server, ctx, places, abort } = asking;
  let result = first;
  for (let count = 0; count < MAX_FORMS; count++) {
    const decision = openDecision(result);
    if (decision === null || abort?.aborted === true || !canAsk(server, ctx)) return result;
    const place = placeOf(decision);
    const form = formOf(decision);
    if (ctx.mcpReq.envelope !== undefined) {
      return inputRequired({
        inputRequests: { [FORM]: inputRequired.elicit(form) },
        requestState: await places.mint(place),
      });
    }
    const given = await filledForm(asking, form);
    const answer = answerOf(place, given);
    if (answer === null) return result;
    result = await asking.decide(answer);
  }
  return result;
}

/** What the person answered when the call comes back with it; null when it does not. @throws -32602 */
export async function broughtAnswer(
  ctx: ServerContext,
  places: AskedPlaces,
): Promise<PersonAnswer | PersonDecision | null> {
  const { inputResponses } = ctx.mcpReq;
  if (inputResponses === undefined) return null;
  const place = await askedPlace(ctx, places);
  return answerOf(place, acceptedContent(inputResponses, FORM)) ?? place;
}

async function askedPlace(ctx: ServerContext, places: AskedPlaces): Promise<PersonDecision> {
  const state: unknown = ctx.mcpReq.requestState();
  if (typeof state !== 'string') throw notOurs();
  try {
    return await places.verify(state, ctx);
  } catch {
    // Forged, or asked by another process or long ago; which of them is of no use to the caller.
    throw notOurs();
  }
}

const notOurs = (): ProtocolError =>
  new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    'requestState: is not what this server gave; make the call again without it',
  );

const placeOf = ({ workflow_id, step_id }: JsonObject): PersonDecision => ({
  workflowId: String(workflow_id),
  stepId: String(step_id),
});

function formOf({ prompt, options }: JsonObject) {
  const list = isJsonArray(options) ? options.filter(isJsonObject) : [];
  const lines = list
    .filter(({ description }) => typeof description === 'string')
    .map(({ id, description }) => `${String(id)}: ${String(description)}`);
  const text = typeof prompt === 'string' ? prompt : JSON.stringify(prompt);
  const ids = list.map(({ id }) => String(id));
  return {
    message: [text, ...lines].join('\n'),
    requestedSchema: {
      type: 'object' as const,
      properties: {
        choice: {
          type: 'string' as const,
          title: 'Decision',
          ...(ids.length === 0 ? {} : { enum: ids }),
        },
        reasoning: { type: 'string' as const, title: 'Why (may be left empty)' },
      },
      required: ['choice'],
    },
  };
}

async function filledForm(
  { ctx, log, abort }: Asking,
  form: ReturnType<typeof formOf>,
): Promise<unknown> {
  try {
    const { action, content } = await ctx.mcpReq.elicitInput(form, {
      timeout: FORM_MS,
      // On the stream of the call: a client need not listen to any other.
      relatedRequestId: ctx.mcpReq.id,
      ...(abort === undefined ? {} : { signal: abort }),
    });
    return action === 'accept' ? content : undefined;
  } catch (thrown) {
    log.debug('a form was not answered', { error: messageOf(thrown) });
    return undefined;
  }
}

function answerOf(place: PersonDecision, content: unknown): PersonAnswer | null {
  if (!isJsonObject(content) || typeof content.choice !== 'string') return null;
  const { choice, reasoning } = content;
  const why = typeof reasoning === 'string' && reasoning !== '' ? reasoning : null;
  return { ...place, choice, reasoning: why };
}
