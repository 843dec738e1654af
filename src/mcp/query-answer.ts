/**
 * The answer of `query`: summaries, as many as fit. A page that is too long is asked for again with
 * fewer items, so that its cursor is right.
 */
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { bytesOf, MOST_BYTES, withinBudget } from './budget.ts';
import { type Spelling, spelled } from './tool-names.ts';

type Input = Parameters<Ops['query']>[1];
type Page = Awaited<ReturnType<Ops['query']>>;

interface Call {
  readonly ops: Ops;
  readonly ctx: CallContext;
  readonly spelling: Spelling;
}

/** A page of what was asked for. @throws AppError */
export async function queryAnswer(
  { ops, ctx, spelling }: Call,
  args: JsonObject,
  maxBytes: number,
): Promise<JsonObject> {
  const filter = isJsonObject(args.filter ?? {}) ? ((args.filter ?? {}) as JsonObject) : null;
  const ask = async (limit: number | null): Promise<JsonObject> => {
    const asked = limit === null ? args : { ...args, filter: { ...filter, limit } };
    return summaries(await ops.query(ctx, asked as unknown as Input), filter);
  };
  const first = await ask(null);
  const isLong = filter !== null && bytesOf(first) > maxBytes;
  const answer = isLong ? await fitting(ask, countOf(first), maxBytes) : first;
  const needed = bytesOf(answer);
  if (needed <= maxBytes) return goingOn(answer, args, filter, spelling);
  // A single item that is too long: the same call with more room gives it whole.
  const room = Math.min(needed, MOST_BYTES);
  const next = { tool: spelled('query', spelling), arguments: { ...args, max_bytes: room } };
  const why = 'what was cut comes with more bytes';
  const short = { maxBytes: maxBytes - bytesOf(next) - why.length - 20, getStep: null };
  return { ...withinBudget(answer, short), next: { ...next, why } };
}

/** Queries with which the best number of items is looked for, once one that fits is known. */
const REFINEMENTS = 4;

/** As many items as fit, nearly; one in any case. */
async function fitting(
  ask: (limit: number) => Promise<JsonObject>,
  count: number,
  maxBytes: number,
): Promise<JsonObject> {
  let tooMany = count;
  let fits = Math.max(1, Math.floor(count / 2));
  let best = await ask(fits);
  while (fits > 1 && bytesOf(best) > maxBytes) {
    tooMany = fits;
    fits = Math.max(1, Math.floor(fits / 2));
    best = await ask(fits);
  }
  for (let tries = 0; tries < REFINEMENTS && tooMany - fits > 1; tries++) {
    const between = Math.floor((fits + tooMany) / 2);
    const answer = await ask(between);
    if (bytesOf(answer) > maxBytes) tooMany = between;
    else {
      fits = between;
      best = answer;
    }
  }
  return best;
}

/** A page of the manual that goes on says how: whoever reads it may not know of cursors. */
function goingOn(
  answer: JsonObject,
  args: JsonObject,
  filter: JsonObject | null,
  spelling: Spelling,
): JsonObject {
  const { next_cursor: cursor } = answer;
  if (args.resource !== 'reference' || cursor === undefined) return answer;
  const more = { ...args, filter: { ...filter, cursor } };
  const next = { tool: spelled('query', spelling), arguments: more, why: 'the text goes on' };
  return { ...answer, next };
}

function summaries(page: Page, filter: JsonObject | null): JsonObject {
  const { actions, decisions, ...rest } = page;
  const isNamed = filter?.name !== undefined;
  return {
    ...(rest as unknown as JsonObject),
    ...(actions === undefined
      ? {}
      : { actions: (isNamed ? actions : actions.map(actionSummary)) as unknown as Json }),
    ...(decisions === undefined
      ? {}
      : { decisions: decisions.map(({ context: _context, ...each }) => each) as unknown as Json }),
  };
}

const actionSummary = ({
  name,
  description,
  effect,
  output,
}: NonNullable<Page['actions']>[number]) => ({
  name,
  description,
  effect,
  ...(output === undefined ? {} : { output }),
});

const countOf = (answer: JsonObject): number =>
  Math.max(0, ...Object.values(answer).map((value) => (Array.isArray(value) ? value.length : 0)));
