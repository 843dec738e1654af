/**
 * An engine for tests: any store, a clock that runs by itself, counted actions, no processes.
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
import { DEFAULT_ACTION_LIMITS } from '../../src/model/action.ts';
import type { Definition } from '../../src/model/definition.ts';
import type { Engine } from '../../src/model/engine.ts';
import { AppError, failure } from '../../src/model/error.ts';
import {
  asDefinitionHash,
  asNodeId,
  type DefinitionHash,
  type RunId,
} from '../../src/model/ids.ts';
import type { Signal, StartFacts } from '../../src/model/input.ts';
import { canonicalJson, type Json, type JsonObject } from '../../src/model/json.ts';
import type { OutboxOf } from '../../src/model/notice-store.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Logger } from '../../src/model/ports.ts';
import { NEWEST_RULES, rulesOf } from '../../src/model/rules.ts';
import type { Store } from '../../src/model/store.ts';
import { DEFAULT_RUNTIME_CONFIG, type RuntimeConfig } from '../../src/runtime/deps.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createSink, type Sink, testActions } from './test-actions.ts';

export interface TestEngine {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly sink: Sink;
  readonly nodeId: string;
  /** Errors and warnings the engine logged. */
  readonly logged: string[];
  start(definition: Definition, inputs?: JsonObject): Promise<RunId>;
  signal(
    runId: RunId,
    signal: Partial<Signal> & Pick<Signal, 'type'>,
  ): ReturnType<Engine['signal']>;
  /** Ends as a crash does: nothing is written, released or waited for. */
  crash(): void;
  close(): Promise<void>;
}

export interface TestEngineOptions {
  readonly store?: Store;
  readonly sink?: Sink;
  readonly clock?: FakeClock;
  readonly config?: Partial<RuntimeConfig>;
  /** Templates that `workflow.run` finds, by name. */
  readonly templates?: Readonly<Record<string, Definition>>;
  /** Who has to be told of new events. */
  readonly outbox?: OutboxOf;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const hashOf = (definition: Definition): DefinitionHash =>
  asDefinitionHash(sha256(canonicalJson(definition as unknown as Json)));

const compiler = createExpressionCompiler();
const evaluator = createExpressionEvaluator();

/** Compiles a definition for the test actions; throws with its problems. */
export function testPlan(
  definition: Definition,
  hash = hashOf(definition),
  rules = NEWEST_RULES,
): Plan {
  const { plan, problems } = compilePlan(definition, {
    compiler,
    actions: testActions(createSink()),
    hash,
    rules: rulesOf(rules),
    outputSchema: null,
    splitText,
    quoteHoles,
  });
  if (plan === null) throw new AppError('VALIDATION_ERROR', JSON.stringify(problems));
  return plan;
}

export function startFacts(inputs: JsonObject): StartFacts {
  return {
    inputs,
    secretRefs: [],
    context: {},
    name: null,
    template: null,
    version: null,
    agentId: null,
    parent: null,
    trigger: null,
    exec: { cwd: '/', env: {} },
    rules: NEWEST_RULES,
  };
}

/** An engine that is stopped with `close()` or `crash()`. */
export function createTestEngine(options: TestEngineOptions = {}): TestEngine {
  const store = options.store ?? createMemoryStore();
  const sink = options.sink ?? createSink();
  const clock = options.clock ?? createFakeClock();
  const nodeId = randomUUID();
  const logged: string[] = [];
  const note = (message: string, fields?: object): void => {
    logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  const engine = createEngine({
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
      role: 'test',
      pid: process.pid,
      pidStarted: '1',
      bootId: 'boot',
      host: 'host',
      pidNamespace: '',
      mountNamespace: '',
      uid: 0,
      version: 'test',
    },
    store,
    clock,
    ...(options.outbox === undefined ? {} : { outbox: options.outbox }),
    random: { uuid: randomUUID, sha256 },
    log,
    actions: testActions(sink),
    checkParams: (_def, params) => ({ ok: true, params, warnings: [] }),
    evaluator,
    engineAction: createEngineAction(compiler, evaluator),
    compute: {
      run: () =>
        Promise.resolve({
          ok: false,
          error: failure('EXECUTION_ERROR', 'no compute in these tests'),
        }),
      close: () => Promise.resolve(),
    },
    processes: {
      killRecorded: () => Promise.resolve('gone'),
      isAlive: (node) => (DEAD.has(node.nodeId) ? false : null),
    },
    secrets: {
      resolve: (name) => ({ ok: false, error: failure('VAULT_ERROR', `no secret ${name}`) }),
    },
    createMasker,
    createStreamMasker: () => ({ push: (_stream, text) => text, flush: () => '' }),
    checkSchema: () => [],
    compile: (definition, hash, _schema, rules) => testPlan(definition, hash, rules.version),
    children: {
      resolve(params) {
        const name = String(params.template_name);
        const definition = options.templates?.[name];
        if (definition === undefined) {
          return { ok: false, error: failure('NOT_FOUND', `there is no template "${name}"`) };
        }
        store.putDefinition(hashOf(definition), {
          definition: definition as unknown as Json,
          output_schema: null,
        });
        return {
          ok: true,
          definitionHash: hashOf(definition),
          template: name,
          version: 1,
          rules: NEWEST_RULES,
          inputs: (params.params ?? {}) as JsonObject,
          secretRefs: [],
          place: null,
          context: {},
          name,
        };
      },
    },
  });
  return {
    engine,
    store,
    clock,
    sink,
    nodeId,
    logged,
    async start(definition, inputs = {}) {
      const started = await engine.start({
        definition,
        definitionHash: hashOf(definition),
        outputSchema: null,
        facts: startFacts(inputs),
        owner: 'local',
        idempotency: null,
      });
      return started.runId;
    },
    signal: (runId, signal) =>
      engine.signal(
        runId,
        { by: 'tester', role: 'local', sender: 'person', payload: null, ...signal },
        null,
        60_000,
      ),
    crash() {
      DEAD.add(nodeId);
      clock.stop();
    },
    async close() {
      await engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
      clock.stop();
    },
  };
}

/** Nodes whose process is taken to be gone. */
export const DEAD = new Set<string>();
