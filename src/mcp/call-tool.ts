/**
 * One call of a tool: arguments to an operation, its answer to what a model needs. No rule about
 * workflows is here; what an operation does it does for every surface.
 */
import { AppError } from '../model/error.ts';
import { isJsonArray, type Json, type JsonObject } from '../model/json.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { RUN_PARTS, type RunPart } from '../ops/shapes.ts';
import { answerResult, imageResult, type ToolResult, textResult } from './answers.ts';
import { keyNote, readArguments } from './arguments.ts';
import { DEFAULT_MAX_BYTES, LEAST_BYTES, MOST_BYTES, withinBudget } from './budget.ts';
import { queryAnswer } from './query-answer.ts';
import { runAnswer } from './run-answer.ts';
import { statusAnswer } from './status-answer.ts';
import { type Spelling, spelled, type ToolName } from './tool-names.ts';

export interface ToolCall {
  readonly ops: Ops;
  readonly ctx: CallContext;
  readonly spelling: Spelling;
  /** Somebody is shown how it goes, so waiting longer is no silence. */
  readonly showsProgress: boolean;
}

type Input<K extends keyof Ops & ('run' | 'rerun' | 'status' | 'signal' | 'define' | 'diagram')> =
  Parameters<Ops[K]>[1];

const WAIT = '25s';
const WAIT_WITH_PROGRESS = '50s';
/** Signals after which a run goes on; the answer then says how. */
const GOES_ON: ReadonlySet<Json | undefined> = new Set([
  'decision',
  'data',
  'retry',
  'skip',
  'resume',
]);

type Handler = (call: ToolCall, args: JsonObject, maxBytes: number) => Promise<ToolResult>;

const HANDLERS: Readonly<Record<ToolName, Handler>> = {
  run,
  status: async ({ ops, ctx, spelling }, args, maxBytes) =>
    answerResult(await statusAnswer({ ops, ctx, spelling }, args, maxBytes)),
  signal,
  define,
  query: async ({ ops, ctx, spelling }, args, maxBytes) =>
    answerResult(await queryAnswer({ ops, ctx, spelling }, args, maxBytes)),
  diagram,
};

/** Calls a tool with what the client sent. @throws AppError */
export async function callTool(
  tool: ToolName,
  call: ToolCall,
  given: unknown,
): Promise<ToolResult> {
  const { max_bytes: maxBytes = DEFAULT_MAX_BYTES, ...args } = readArguments(tool, given);
  const result = await HANDLERS[tool](call, args, checkedMaxBytes(maxBytes));
  const note = keyNote(given);
  return note === null ? result : noted(result, note);
}

/** An answer with one more warning. */
function noted(result: ToolResult, note: JsonObject): ToolResult {
  const answer = result.structuredContent as JsonObject | undefined;
  if (answer === undefined) return result;
  const before = isJsonArray(answer.warnings ?? null) ? (answer.warnings as readonly Json[]) : [];
  return answerResult({ ...answer, warnings: [...before, note] });
}

function checkedMaxBytes(value: Json): number {
  const fits = typeof value === 'number' && Number.isInteger(value);
  if (fits && value >= LEAST_BYTES && value <= MOST_BYTES) return value;
  throw new AppError(
    'VALIDATION_ERROR',
    `max_bytes: must be a whole number from ${LEAST_BYTES} to ${MOST_BYTES}`,
  );
}

async function run(call: ToolCall, args: JsonObject, maxBytes: number): Promise<ToolResult> {
  const { spelling, showsProgress } = call;
  const { from_step, rerun_of, include, wait, ...rest } = args;
  const parts = partsOf(include);
  const launch = {
    ...rest,
    wait: wait ?? (showsProgress ? WAIT_WITH_PROGRESS : WAIT),
    ...(parts === null ? {} : { include: parts as Json }),
  };
  const result = await start(call, launch, { from_step, rerun_of });
  if ('dry_run' in result) {
    const { name: _name, version, ...plan } = result;
    const numbered = { ...plan, ...(version === null ? {} : { version }) };
    return answerResult(
      withinBudget(numbered as unknown as JsonObject, { maxBytes, getStep: null }),
    );
  }
  const { workflow_id } = result;
  const answer = runAnswer(result, spelling, parts === null);
  const whole = parts === null ? answer : only(answer, parts);
  const getStep = (step_id: string): JsonObject => ({
    tool: spelled('status', spelling),
    arguments: { workflow_id, step_id },
  });
  return answerResult(withinBudget(whole, { maxBytes, getStep }));
}

function start(
  { ops, ctx }: ToolCall,
  launch: JsonObject,
  { from_step, rerun_of }: { from_step: Json | undefined; rerun_of: Json | undefined },
) {
  if (from_step === undefined) {
    const given = [launch.template_name, launch.definition, rerun_of];
    if (given.every((each) => each === undefined)) {
      const message = 'give one of template_name, definition, rerun_of: none is given';
      throw new AppError('VALIDATION_ERROR', message);
    }
    const input = rerun_of === undefined ? launch : { ...launch, rerun_of };
    return ops.run(ctx, input as Input<'run'>);
  }
  if (rerun_of === undefined) {
    throw new AppError('VALIDATION_ERROR', 'from_step: only with rerun_of', {
      hint: 'rerun_of names the run whose completed steps are kept',
    });
  }
  const input = { ...launch, workflow_id: rerun_of, from_step };
  return ops.rerun(ctx, input as unknown as Input<'rerun'>);
}

function partsOf(include: Json | undefined): readonly string[] | null {
  if (include === undefined) return null;
  const parts = isJsonArray(include) ? include : [include];
  const bad = parts.filter(
    (part) => typeof part !== 'string' || !RUN_PARTS.includes(part as RunPart),
  );
  if (bad.length === 0) return parts as readonly string[];
  throw new AppError(
    'VALIDATION_ERROR',
    `include: ${JSON.stringify(bad[0])} is none of its parts`,
    {
      hint: `a list of ${RUN_PARTS.join(', ')}`,
    },
  );
}

const FIELD_OF: Readonly<Record<string, string>> = {
  steps: 'steps',
  pending_decisions: 'decisions',
  output: 'output',
};

/** Without the parts that were not asked for. */
function only(answer: JsonObject, parts: readonly string[]): JsonObject {
  const entries = Object.entries(answer);
  return Object.fromEntries(
    entries.filter(([key]) => FIELD_OF[key] === undefined || parts.includes(FIELD_OF[key])),
  );
}

async function signal(
  { ops, ctx, spelling }: ToolCall,
  args: JsonObject,
  maxBytes: number,
): Promise<ToolResult> {
  const wait = args.wait ?? (GOES_ON.has(args.signal_type) ? WAIT : 0);
  const result = await ops.signal(ctx, { ...args, wait } as unknown as Input<'signal'>);
  const { result: did, ...rest } = runAnswer(result, spelling, true);
  const answer: JsonObject = {
    ...rest,
    // Said in any case, also when it is false.
    resumed: result.resumed,
    ...(Object.keys((did ?? {}) as object).length === 0 ? {} : { result: did ?? null }),
  };
  return answerResult(withinBudget(answer, { maxBytes, getStep: null }));
}

async function define(
  { ops, ctx }: ToolCall,
  args: JsonObject,
  maxBytes: number,
): Promise<ToolResult> {
  const result = await ops.define(ctx, args as Input<'define'>);
  const { name, version, created, archived, warnings, plan, triggers } = result;
  const answer = {
    name,
    version,
    created,
    ...(archived ? { archived } : {}),
    warnings,
    plan,
    ...(triggers === undefined ? {} : { triggers }),
  };
  return answerResult(withinBudget(answer as unknown as JsonObject, { maxBytes, getStep: null }));
}

/** A drawing as text may be cut at a line; a source that is cut would be useless. */
async function diagram(
  { ops, ctx }: ToolCall,
  args: JsonObject,
  maxBytes: number,
): Promise<ToolResult> {
  const drawn = await ops.diagram(ctx, args as unknown as Input<'diagram'>);
  if (drawn.data_base64 !== undefined) return imageResult(drawn.data_base64, drawn.media_type);
  const text = drawn.text ?? '';
  return textResult(drawn.format === 'ascii' ? firstLines(text, maxBytes) : text);
}

function firstLines(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const lines = text.split('\n');
  const kept: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > maxBytes - 100) break;
    kept.push(line);
  }
  const left = lines.length - kept.length;
  return [...kept, `… ${left} more lines; max_bytes: ${Buffer.byteLength(text)} shows all`].join(
    '\n',
  );
}
