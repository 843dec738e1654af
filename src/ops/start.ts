/**
 * Starting a run: what it is started with, and on disk before anybody is told.
 *
 * Without an engine here the run is left pending for the executor that lives. Everything that can be
 * wrong with the request is found before a run exists.
 */
import { resolve } from 'node:path';
import { placeFor } from '../core/concurrency.ts';
import type { StartedRun } from '../model/engine.ts';
import { AppError } from '../model/error.ts';
import type { CarriedEvents } from '../model/event.ts';
import { asRunId, type RunId } from '../model/ids.ts';
import type { StartFacts } from '../model/input.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import { type StartKey, startKeyConflict, startScope } from '../model/keys.ts';
import { type AskedPlace, placeConflict } from '../model/place.ts';
import type { NewRun } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import type { Prepared } from './definitions.ts';
import { inputsOf, mergeParams } from './inputs.ts';
import type { CallContext } from './operation.ts';
import { ownerOf } from './owner.ts';
import { typeParams } from './param-text.ts';
import type { OpsParts } from './parts.ts';
import { runResultOf } from './run-view.ts';
import type { RunPart, RunResult } from './shapes.ts';
import { packageName } from './template.ts';
import { waitForRun, waitMsOf } from './waiting.ts';

export interface Launch {
  readonly params?: JsonObject | undefined;
  readonly param_texts?: readonly string[] | undefined;
  readonly agent_id?: string | undefined;
  readonly context?: JsonObject | undefined;
  readonly source?: { readonly file?: string | undefined } | undefined;
}

/** The caller's params: the object, then the typed texts. */
export const paramsOf = (launch: Launch, schema: Json | null): JsonObject =>
  mergeParams(launch.params, typeParams(launch.param_texts ?? [], schema));

/** What identifies a start: its id, and the key under which it is started once. */
export interface StartIdentity {
  readonly runId: RunId;
  readonly key: StartKey | null;
  /** Whose the run is. */
  readonly owner: string;
}

/** What a start is asked with, as far as a repeated key must ask for the same. */
export interface AskedStart {
  readonly kind: 'run' | 'rerun';
  /** All that the caller gave, not what was derived from it. */
  readonly given: JsonObject;
  /** How an older program kept the key: by template or definition, with these inputs. */
  readonly earlier: { readonly scope: string; readonly given: JsonObject };
}

/** How keys begin that webhooks make of their deliveries. */
export const WEBHOOK_KEY = 'webhook ';

/**
 * A new run's id and key.
 * @throws VALIDATION_ERROR for a key with which a caller would take a webhook's delivery away
 */
export function identify(
  { random }: OpsParts,
  { caller }: CallContext,
  key: string | undefined,
  { kind, given, earlier }: AskedStart,
): StartIdentity {
  const owner = ownerOf(caller);
  const runId = asRunId(random.uuid());
  if (key === undefined) return { runId, key: null, owner };
  if (key.startsWith(WEBHOOK_KEY) && caller.sender !== 'system') {
    throw new AppError(
      'VALIDATION_ERROR',
      `idempotency_key: keys that begin with "${WEBHOOK_KEY}" are those of webhooks`,
      { hint: 'choose another key' },
    );
  }
  const hash = (value: JsonObject): string => random.sha256(canonicalJson(value));
  const before = { scope: earlier.scope, fingerprint: hash(earlier.given) };
  const scope = startScope(owner, kind);
  return { runId, key: { scope, key, fingerprint: hash(given), earlier: before }, owner };
}

/** What a run of this definition is started with. @throws VALIDATION_ERROR */
export async function startFactsOf(
  parts: OpsParts,
  ctx: CallContext,
  prepared: Prepared,
  launch: Launch,
  runId: RunId,
): Promise<StartFacts> {
  const { pack, template } = prepared;
  const name = nameOf(prepared);
  const agentId = launch.agent_id ?? ctx.caller.agentId;
  const context = mergeParams(pack.definition.context, launch.context);
  const now = toRfc3339(parts.clock.now());
  const workflow: JsonObject = {
    run_id: runId,
    name,
    template_name: template?.name ?? null,
    template_version: template?.version ?? null,
    agent_id: agentId,
    started_at: now,
    now,
    parent_id: null,
  };
  const params = paramsOf(launch, pack.inputSchema);
  const { inputs, secretRefs } = await inputsOf(parts, prepared, { workflow, context, params });
  return {
    inputs,
    secretRefs,
    context,
    name,
    template: template?.name ?? null,
    version: template?.version ?? null,
    agentId,
    parent: null,
    trigger: ctx.trigger ?? fileTrigger(ctx, launch),
    exec: {
      cwd: resolve(prepared.folder, pack.definition.working_dir ?? '.'),
      env: ctx.exec?.env ?? parts.config.callerEnv,
    },
    rules: prepared.plan.rules.version,
  };
}

/** A run of a file remembers which, so that a rerun can read it again. */
export function fileTrigger(
  { exec }: Pick<CallContext, 'exec'>,
  { source }: Pick<Launch, 'source'>,
): Json {
  const file = source?.file;
  return file === undefined ? null : { type: 'file', file: resolve(exec?.cwd ?? '.', file) };
}

/** The package's name, else the template's. */
export const nameOf = ({ pack, template }: Prepared): string | null =>
  packageName(pack) ?? template?.name ?? null;

/** Puts the run on disk, here or for whoever executes. @throws CONFLICT for a reused key */
export function startRun(
  parts: OpsParts,
  prepared: Prepared,
  facts: StartFacts,
  identity: StartIdentity,
  reuse: CarriedEvents | null = null,
): Promise<StartedRun> {
  if (parts.engine === null) {
    // With the row, in one transaction: the run before may be gone when this one is taken on.
    const all = reuse === null ? facts : { ...facts, carried: reuse };
    return leavePending(parts, prepared, all, identity);
  }
  return parts.engine.start({
    definition: prepared.pack.definition,
    definitionHash: prepared.hash,
    outputSchema: prepared.pack.outputSchema,
    facts,
    owner: identity.owner,
    runId: identity.runId,
    idempotency: identity.key,
    ...(reuse === null ? {} : { reuse }),
  });
}

async function leavePending(
  parts: OpsParts,
  prepared: Prepared,
  facts: StartFacts,
  identity: StartIdentity,
): Promise<StartedRun> {
  const { store, clock, wakeExecutors } = parts;
  const { runId, key } = identity;
  const nowMs = clock.now();
  const placed = placedRun(parts, prepared, facts, identity, nowMs);
  store.putDefinition(prepared.hash, storedOf(prepared));
  const outcome = store.createPending({
    runId,
    definitionHash: prepared.hash,
    ...placed,
    createdAt: nowMs,
    idempotency: key,
    claimableFrom: nowMs,
  });
  if (outcome.ok) {
    wakeExecutors?.();
    return { runId, created: true };
  }
  if (outcome.reason === 'no_place') throw placeConflict(outcome.refusal);
  if (outcome.reason !== 'duplicate') {
    throw new AppError('INTERNAL', 'the new run could not be added');
  }
  if (outcome.sameRequest) return { runId: outcome.runId, created: false };
  throw startKeyConflict(outcome.runId);
}

/** A new run's place under `concurrency`, and its start, which names the queue. @throws VALIDATION_ERROR */
export function placedRun(
  { store, evaluator, config }: Pick<OpsParts, 'store' | 'evaluator' | 'config'>,
  { plan }: Pick<Prepared, 'plan'>,
  facts: StartFacts,
  { runId, owner }: Pick<StartIdentity, 'runId' | 'owner'>,
  nowMs: number,
): Pick<NewRun, 'place' | 'start'> {
  const source = { store, groups: config.groupLimits };
  const place: AskedPlace | null = placeFor(source, evaluator, nowMs, {
    runId,
    plan,
    facts,
    owner,
  });
  if (place === null) return { place, start: facts };
  const { group, key } = place;
  return { place, start: { ...facts, concurrency: { group, key } } };
}

/** The JSON that a definition is stored as, under its hash. */
export const storedOf = ({ pack }: Pick<Prepared, 'pack'>): Json => ({
  definition: pack.definition as unknown as Json,
  output_schema: pack.outputSchema,
});

/** How a caller wants to be answered. */
export interface Answering {
  readonly wait: string | number;
  readonly include?: readonly RunPart[] | undefined;
}

/** Tells the run's id, waits as asked, and answers with the run. */
export async function answerFor(
  parts: OpsParts,
  ctx: CallContext,
  started: StartedRun,
  { wait, include }: Answering,
): Promise<RunResult> {
  const runId: RunId = started.runId;
  ctx.onStarted?.(runId);
  const timeoutMs = waitMsOf(wait);
  if (timeoutMs !== 0) await waitForRun(parts, runId, 'stopped', { timeoutMs, abort: ctx.abort });
  const result = runResultOf(parts, parts.reader.read(runId), include);
  return started.created ? result : { ...result, created: false };
}
