/**
 * An engine for "what if X came before Y": actions that end when the test says so, a store that can
 * fail, a compute process and other nodes under the test's control, and time that passes only when
 * asked.
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
  DEFAULT_ACTION_LIMITS,
} from '../../src/model/action.ts';
import type { Definition, Effect, StepDef } from '../../src/model/definition.ts';
import type { Engine } from '../../src/model/engine.ts';
import { AppError, type ErrorCode, failure } from '../../src/model/error.ts';
import type { RunEvent } from '../../src/model/event.ts';
import type {
  ComputeAnswer,
  ComputeRequest,
  ExpressionEvaluator,
} from '../../src/model/expression.ts';
import { asNodeId, type RunId } from '../../src/model/ids.ts';
import type { Signal } from '../../src/model/input.ts';
import { canonicalJson, type Json, type JsonObject } from '../../src/model/json.ts';
import type { StartKey } from '../../src/model/keys.ts';
import type { ProcessControl } from '../../src/model/ports.ts';
import { NEWEST_RULES } from '../../src/model/rules.ts';
import type { Store } from '../../src/model/store.ts';
import { DEFAULT_RUNTIME_CONFIG, type RuntimeConfig } from '../../src/runtime/deps.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { eventSentence } from '../support/given.ts';
import { createSink, testActions } from '../support/test-actions.ts';
import { hashOf, startFacts } from '../support/test-engine.ts';
import { createHandClock, type HandClock } from './hand-clock.ts';

export const noop = (id: string, more: Partial<StepDef> = {}): StepDef => ({
  id,
  action: 'test.noop',
  params: { value: id },
  ...more,
});
/** A step that goes on until the test ends it. */
export const gate = (
  id: string,
  kind: 'idempotent' | 'unsafe' = 'idempotent',
  more: Partial<StepDef> = {},
): StepDef => ({ id, action: `gate.${kind}`, ...more });
export const ask = (id: string, more: Partial<StepDef> = {}, config: JsonObject = {}): StepDef => ({
  id,
  type: 'reasoning',
  config: { prompt_context: `${id}?`, options: [{ id: 'yes' }, { id: 'no' }], ...config },
  ...more,
});

/** One call of a gate action. */
interface Call {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
  readonly repeat: boolean;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  open: boolean;
  end(output?: Json): void;
  fail(code?: ErrorCode): void;
}

/** What engines of one test share: the world outside. */
export interface World {
  readonly clock: HandClock;
  readonly store: FlakyStore;
  readonly calls: Call[];
  readonly dead: Set<string>;
  /** Compute requests that wait for an answer. */
  readonly computing: { request: ComputeRequest; answer(value: ComputeAnswer): void }[];
  readonly rigs: Rig[];
  /** Lets everything that is ready happen; no time passes. */
  settle(): Promise<void>;
  /** Lets time pass, timers fire in order. */
  pass(ms: number): Promise<void>;
  /** The one open call at a path. */
  call(path: string): Call;
  openCalls(): string[];
  close(): Promise<void>;
}

/** The store with faults: while `failing` says so its methods throw, while `held` appends take long. */
interface FlakyStore extends Store {
  failing: ((method: string) => boolean) | null;
  /** Appends wait for this before they are written. */
  held: Promise<void> | null;
}

export interface Rig {
  readonly engine: Engine;
  readonly nodeId: string;
  readonly logged: string[];
  start(
    definition: Definition,
    options?: { inputs?: JsonObject; key?: string; template?: string },
  ): Promise<RunId>;
  signal(
    runId: RunId,
    signal: Partial<Signal> & Pick<Signal, 'type'>,
    key?: string,
  ): ReturnType<Engine['signal']>;
  events(runId: RunId): readonly RunEvent[];
  sentences(runId: RunId): string[];
}

export interface RigOptions {
  readonly config?: Partial<RuntimeConfig>;
  readonly templates?: Readonly<Record<string, Definition>>;
  /** Guards and params that hold the text `slow:` are asked of the compute process. */
  readonly slowExpressions?: boolean;
  readonly killRecorded?: ProcessControl['killRecorded'];
}

const compiler = createExpressionCompiler();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function createWorld(): World {
  const clock = createHandClock();
  const calls: Call[] = [];
  const rigs: Rig[] = [];
  const store = flaky(createMemoryStore());
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 12; quiet++) {
      await new Promise<void>((done) => setImmediate(done));
    }
  };
  return {
    clock,
    store,
    calls,
    dead: new Set(),
    computing: [],
    rigs,
    settle,
    async pass(ms) {
      await settle();
      const until = clock.monotonic() + ms;
      while (clock.fireNext(until)) await settle();
    },
    call(path) {
      const open = calls.filter((call) => call.path === path && call.open);
      const [only] = open;
      if (only === undefined || open.length > 1)
        throw new Error(`${open.length} open calls at ${path}`);
      return only;
    },
    openCalls: () => calls.filter((call) => call.open).map((call) => call.path),
    async close() {
      store.failing = null;
      store.held = null;
      for (const call of calls) if (call.open) call.end();
      clock.auto = true;
      for (const rig of rigs) await rig.engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
      clock.stop();
    },
  };
}

const GATES: readonly Effect[] = ['read', 'idempotent', 'unsafe'];

function gateAction(effect: Effect, world: World): ActionDef {
  return {
    name: `gate.${effect}`,
    description: 'goes on until the test ends it; being aborted does not end it',
    effect,
    inline: false,
    params: { value: { type: 'any' } },
    run: (_params, context) =>
      new Promise((resolve, reject) => {
        const { runId, path, attempt, repeat, idempotencyKey, signal } = context;
        const call: Call = {
          ...{ runId, path, attempt, repeat, idempotencyKey, signal, open: true },
          end(output = null) {
            call.open = false;
            resolve({ output });
          },
          fail(code = 'EXECUTION_ERROR') {
            call.open = false;
            reject(new AppError(code, `${path} failed`));
          },
        };
        world.calls.push(call);
      }),
  };
}

function registry(world: World): ActionRegistry {
  const plain = testActions(createSink());
  const gates = new Map(GATES.map((effect) => [`gate.${effect}`, gateAction(effect, world)]));
  return {
    get: (name) => gates.get(name) ?? plain.get(name),
    names: () => [...plain.names(), ...gates.keys()],
  };
}

function flaky(store: Store): FlakyStore {
  const wrapped = { ...store, failing: null, held: null } as FlakyStore;
  for (const [name, method] of Object.entries(store)) {
    if (typeof method !== 'function' || name === 'close' || name === 'dataVersion') continue;
    (wrapped as unknown as Record<string, unknown>)[name] = (...args: never[]) => {
      if (wrapped.failing?.(name) === true) {
        const error = new AppError('STORE_ERROR', `disk full (${name})`);
        if (name === 'append') return Promise.reject(error);
        throw error;
      }
      if (name === 'append' && wrapped.held !== null) {
        return wrapped.held.then(() => (method as (...rest: never[]) => unknown)(...args));
      }
      return (method as (...rest: never[]) => unknown)(...args);
    };
  }
  return wrapped;
}

/** An engine of a world; several may share one. */
export function createRig(world: World, options: RigOptions = {}): Rig {
  const { clock, store } = world;
  const nodeId = randomUUID();
  const logged: string[] = [];
  const note = (message: string, fields?: object): void => {
    logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const actions = registry(world);
  const plain = createExpressionEvaluator();
  const evaluator = options.slowExpressions === true ? slow(plain) : plain;
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
      ...{ nodeId: asNodeId(nodeId), role: 'test', pid: process.pid, pidStarted: '1' },
      ...{
        bootId: 'boot',
        host: 'host',
        pidNamespace: '',
        mountNamespace: '',
        uid: 0,
        version: 'test',
      },
    },
    store,
    clock,
    random: { uuid: randomUUID, sha256 },
    log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
    actions,
    checkParams: (_def, params) => ({ ok: true, params, warnings: [] }),
    evaluator,
    engineAction: createEngineAction(compiler, evaluator),
    compute: {
      run: (request) =>
        new Promise((answer) => {
          world.computing.push({ request, answer });
        }),
      close: () => Promise.resolve(),
    },
    processes: {
      killRecorded: options.killRecorded ?? (() => Promise.resolve('gone')),
      isAlive: (node) => (world.dead.has(node.nodeId) ? false : null),
    },
    secrets: {
      resolve: (name) => ({ ok: false, error: failure('VAULT_ERROR', `no secret ${name}`) }),
    },
    createMasker,
    createStreamMasker: () => ({ push: (_stream, text) => text, flush: () => '' }),
    checkSchema: () => [],
    compile(definition, hash, _schema, rules) {
      const { plan, problems } = compilePlan(definition, {
        ...{ compiler, actions, hash, rules, outputSchema: null, splitText },
        quoteHoles,
      });
      if (plan === null) throw new AppError('VALIDATION_ERROR', JSON.stringify(problems));
      return plan;
    },
    children: { resolve: (params) => resolveChild(store, options, params) },
  });
  const rig: Rig = {
    engine,
    nodeId,
    logged,
    async start(definition, { inputs = {}, key, template } = {}) {
      const started = await engine.start({
        ...{ definition, definitionHash: hashOf(definition), outputSchema: null },
        ...{
          facts: { ...startFacts(inputs), template: template ?? null },
          owner: 'local',
          idempotency: keyOf(key, inputs),
        },
      });
      return started.runId;
    },
    signal: (runId, signal, key) =>
      engine.signal(
        runId,
        { by: 'anna', role: 'local', sender: 'person', payload: null, ...signal },
        key === undefined ? null : { text: key, fingerprint: signal.type, earlier: key },
        10_000,
      ),
    events: (runId) => store.events(runId, 0, 100_000),
    sentences: (runId) => store.events(runId, 0, 100_000).map(eventSentence),
  };
  world.rigs.push(rig);
  return rig;
}

const keyOf = (key: string | undefined, inputs: JsonObject): StartKey | null =>
  key === undefined ? null : { scope: 'ann', key, fingerprint: canonicalJson(inputs) };

function resolveChild(store: Store, { templates = {} }: RigOptions, params: JsonObject) {
  const name = String(params.template_name);
  const definition = templates[name];
  if (definition === undefined) {
    return { ok: false as const, error: failure('NOT_FOUND', `there is no template "${name}"`) };
  }
  const definitionHash = hashOf(definition);
  store.putDefinition(definitionHash, {
    definition: definition as unknown as Json,
    output_schema: null,
  });
  const inputs = (params.params ?? {}) as JsonObject;
  return {
    ok: true as const,
    definitionHash,
    template: name,
    version: 1,
    rules: NEWEST_RULES,
    inputs,
    secretRefs: [],
    place: null,
    context: {},
    name,
  };
}

/** Every guard `inputs.slow…` is asked of the compute process, as a dear expression is. */
function slow(plain: ExpressionEvaluator): ExpressionEvaluator {
  return {
    ...plain,
    expression(expression, scope, answers) {
      if (!expression.source.includes('inputs.slow'))
        return plain.expression(expression, scope, answers);
      const request: ComputeRequest = { task: 'cel', payload: expression.source };
      const answer = answers.get(request);
      if (answer === undefined) return { kind: 'pending', request };
      return answer.ok
        ? { kind: 'value', value: answer.value }
        : { kind: 'failure', error: answer.error };
    },
  };
}
