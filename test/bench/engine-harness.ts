/**
 * An engine to measure: the real clock, any store, two no-op actions, and nothing around it that a
 * figure could hide behind (no vault, no processes, no schema checks).
 *
 * Definitions are compiled once, as in the product; what is measured begins at `start`.
 */

import { createHash, randomUUID } from 'node:crypto';
import { DEFAULT_ENGINE_LIMITS } from '../../src/core/context.ts';
import { compilePlan } from '../../src/core/graph.ts';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createEngineAction } from '../../src/expr/engine-action.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import { splitText } from '../../src/expr/lexer.ts';
import { createMasker } from '../../src/isolate/mask.ts';
import { quoteHoles } from '../../src/isolate/shell-text.ts';
import {
  type ActionDef,
  type ActionRegistry,
  type ActionResult,
  DEFAULT_ACTION_LIMITS,
} from '../../src/model/action.ts';
import type { Definition } from '../../src/model/definition.ts';
import type { Engine } from '../../src/model/engine.ts';
import { AppError, failure } from '../../src/model/error.ts';
import {
  asDefinitionHash,
  asNodeId,
  type DefinitionHash,
  type RunId,
} from '../../src/model/ids.ts';
import type { StartFacts } from '../../src/model/input.ts';
import { canonicalJson, type Json, type JsonObject } from '../../src/model/json.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Clock } from '../../src/model/ports.ts';
import { NEWEST_RULES, rulesOf } from '../../src/model/rules.ts';
import type { Store } from '../../src/model/store.ts';
import { createClock } from '../../src/runtime/clock.ts';
import { DEFAULT_RUNTIME_CONFIG, type RuntimeConfig } from '../../src/runtime/deps.ts';
import { createEngine } from '../../src/runtime/engine.ts';

/** A definition with everything that is worked out once for all its runs. */
export interface Prepared {
  readonly definition: Definition;
  readonly hash: DefinitionHash;
}

export interface BenchEngine {
  readonly engine: Engine;
  readonly nodeId: string;
  /** Starts a run; resolved when everything that could be decided at once is durable. */
  start(prepared: Prepared, inputs?: JsonObject): Promise<RunId>;
  /** Starts a run and waits for its end; throws unless it completed. */
  complete(prepared: Prepared, inputs?: JsonObject): Promise<RunId>;
  close(): Promise<void>;
  /** Ends as a killed process does: nothing is written or released any more. */
  crash(): void;
}

export interface BenchEngineOptions {
  readonly store: Store;
  readonly config?: Partial<RuntimeConfig>;
  /** The real clock when left out. */
  readonly clock?: Clock;
  /** True: `bench.unsafe` never ends. */
  readonly hold?: boolean;
}

const pure: ActionDef = {
  name: 'bench.pure',
  description: 'gives its value back, inside the decision',
  effect: 'pure',
  inline: true,
  params: { value: { type: 'any' } },
  run: ({ value }) => ({ output: value ?? null }),
};

const unsafe: ActionDef = {
  name: 'bench.unsafe',
  description: 'does nothing, outside the decision, with its intent written first',
  effect: 'unsafe',
  inline: false,
  params: { value: { type: 'any' } },
  run: () => Promise.resolve({ output: null }),
};

const held: ActionDef = { ...unsafe, run: () => new Promise<ActionResult>(() => undefined) };

function registryOf(hold: boolean): ActionRegistry {
  const byName = new Map([pure, hold ? held : unsafe].map((def) => [def.name, def]));
  return { get: (name) => byName.get(name), names: () => [...byName.keys()] };
}

const REGISTRY = registryOf(false);

/** The clock until `stop`; after that nothing is called back, and no timer is left. */
function stoppableClock(clock: Clock): Clock & { stop(): void } {
  const cancels = new Set<() => void>();
  let stopped = false;
  return {
    ...clock,
    soon: (callback) => {
      clock.soon(() => {
        if (!stopped) callback();
      });
    },
    after(ms, callback) {
      if (stopped) return () => undefined;
      const cancel = clock.after(ms, () => {
        cancels.delete(cancel);
        callback();
      });
      cancels.add(cancel);
      return () => {
        cancels.delete(cancel);
        cancel();
      };
    },
    stop() {
      stopped = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A definition ready to be started. */
export function prepare(definition: Definition): Prepared {
  const hash = asDefinitionHash(sha256(canonicalJson(definition as unknown as Json)));
  return { definition, hash };
}

const compiler = createExpressionCompiler();
const evaluator = createExpressionEvaluator();

/** The plan of a definition over the no-op actions; throws with its problems. */
export function planOf(definition: Definition, hash: DefinitionHash): Plan {
  const { plan, problems } = compilePlan(definition, {
    compiler,
    actions: REGISTRY,
    hash,
    rules: rulesOf(NEWEST_RULES),
    outputSchema: null,
    splitText,
    quoteHoles,
  });
  if (plan === null) throw new AppError('VALIDATION_ERROR', JSON.stringify(problems));
  return plan;
}

export const startFacts = (inputs: JsonObject = {}): StartFacts => ({
  inputs,
  secretRefs: [],
  context: {},
  name: 'bench',
  template: null,
  version: null,
  agentId: null,
  parent: null,
  trigger: null,
  exec: { cwd: '/', env: {} },
  rules: NEWEST_RULES,
});

const silent = (): void => undefined;

const fail = (message: string, fields?: object): void => {
  console.error(message, JSON.stringify(fields ?? {}));
};

function engineOver(options: BenchEngineOptions, nodeId: string, clock: Clock): Engine {
  return createEngine({
    config: {
      ...DEFAULT_RUNTIME_CONFIG,
      limits: DEFAULT_ENGINE_LIMITS,
      actionLimits: DEFAULT_ACTION_LIMITS,
      onInterrupt: 'ask',
      claims: false,
      ...options.config,
    },
    node: {
      nodeId: asNodeId(nodeId),
      role: 'bench',
      pid: process.pid,
      pidStarted: '1',
      bootId: 'bench',
      host: 'bench',
      pidNamespace: '',
      mountNamespace: '',
      uid: 0,
      version: 'bench',
    },
    store: options.store,
    clock,
    random: { uuid: randomUUID, sha256 },
    log: { debug: silent, info: silent, warn: fail, error: fail },
    actions: options.hold === true ? registryOf(true) : REGISTRY,
    checkParams: (_def, params) => ({ ok: true, params, warnings: [] }),
    evaluator,
    engineAction: createEngineAction(compiler, evaluator),
    compute: {
      run: () =>
        Promise.resolve({
          ok: false,
          error: failure('EXECUTION_ERROR', 'no compute process here'),
        }),
      close: () => Promise.resolve(),
    },
    processes: { killRecorded: () => Promise.resolve('gone'), isAlive: () => null },
    secrets: { resolve: (name) => ({ ok: false, error: failure('VAULT_ERROR', name) }) },
    createMasker,
    createStreamMasker: () => ({ push: (_stream, text) => text, flush: () => '' }),
    checkSchema: () => [],
    compile: planOf,
    children: {
      resolve: () => ({ ok: false, error: failure('NOT_FOUND', 'there are no templates here') }),
    },
  });
}

/** An engine over this store; the store stays the caller's to close. */
export function createBenchEngine(options: BenchEngineOptions): BenchEngine {
  const nodeId = randomUUID();
  const clock = stoppableClock(options.clock ?? createClock());
  const engine = engineOver(options, nodeId, clock);
  const start = async (prepared: Prepared, inputs: JsonObject = {}): Promise<RunId> => {
    const { runId } = await engine.start({
      definition: prepared.definition,
      definitionHash: prepared.hash,
      outputSchema: null,
      facts: startFacts(inputs),
      owner: 'local',
      idempotency: null,
    });
    return runId;
  };
  return {
    engine,
    nodeId,
    start,
    async complete(prepared, inputs) {
      const runId = await start(prepared, inputs);
      await engine.settled(runId, { timeoutMs: null, orSuspended: false });
      const status = engine.status(runId);
      if (status !== 'completed') throw new Error(`run ${runId} is ${status}, not completed`);
      return runId;
    },
    close: () => engine.stop({ graceMs: 0, graceUnsafeMs: 0 }),
    crash: clock.stop,
  };
}
