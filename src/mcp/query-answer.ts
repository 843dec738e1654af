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
  let answer = summaries(await ops.query(ctx, args as unknown as Input), filter);
  let count = countOf(answer);
  while (filter !== null && bytesOf(answer) > maxBytes && count > 1) {
    count = Math.max(1, Math.floor(count / 2));
    const shorter = { ...args, filter: { ...filter, limit: count } };
    answer = summaries(await ops.query(ctx, shorter as unknown as Input), filter);
  }
  const needed = bytesOf(answer);
  if (needed <= maxBytes) return answer;
  // A single item that is too long: the same call with more room gives it whole.
  const room = Math.min(needed, MOST_BYTES);
  const next = { tool: spelled('query', spelling), arguments: { ...args, max_bytes: room } };
  const why = 'what was cut comes with more bytes';
  const short = { maxBytes: maxBytes - bytesOf(next) - why.length - 20, getStep: null };
  return { ...withinBudget(answer, short), next: { ...next, why } };
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

const actionSummary = ({ name, description, effect }: NonNullable<Page['actions']>[number]) => ({
  name,
  description,
  effect,
});

const countOf = (answer: JsonObject): number =>
  Math.max(0, ...Object.values(answer).map((value) => (Array.isArray(value) ? value.length : 0)));
