/**
 * Operations over a real engine and a store in memory, with a clock that runs by itself.
 */

import { randomUUID } from 'node:crypto';
import { DERIVED_ROWS } from '../../src/app-upkeep.ts';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import { splitText } from '../../src/expr/lexer.ts';
import { quoteHoles, reviewArguments, reviewShellText } from '../../src/isolate/shell-text.ts';
import type { Definition } from '../../src/model/definition.ts';
import { AppError, type ErrorCode, failure } from '../../src/model/error.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { Store } from '../../src/model/store.ts';
import { createAudit } from '../../src/ops/audit.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import { createOps } from '../../src/ops/create-ops.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { RUN_PARTS, type RunResult } from '../../src/ops/shapes.ts';
import { createCalculator } from '../../src/schedule/calculator.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { DEFAULT_DEFINITION_LIMITS } from '../../src/validate/limits.ts';
import { createSink, testActions } from '../support/test-actions.ts';
import { createTestEngine, sha256, type TestEngine, testPlan } from '../support/test-engine.ts';

const MANUAL = [
  {
    name: 'actions',
    text: '# Actions\n\nWhat steps do.\n\n## http\n\nRequests.\n\n## shell\n\nCommands.\n',
  },
  { name: 'errors', text: '# Errors\n\nCodes.\n' },
];

export interface Harness {
  readonly ops: Ops;
  readonly store: Store;
  readonly engine: TestEngine;
  /** Operations of a process that does not execute. */
  readonly reader: Ops;
  close(): Promise<void>;
}

/** Operations of an executing process and of one that only reads, over one store. */
export function openHarness(templates?: Readonly<Record<string, Definition>>): Harness {
  const store = createMemoryStore();
  const engine = createTestEngine({ store, ...(templates === undefined ? {} : { templates }) });
  const make = (executes: boolean): Ops =>
    createOps({
      store,
      engine: executes ? engine.engine : null,
      clock: engine.clock,
      random: { uuid: randomUUID, sha256 },
      calculator: createCalculator(sha256),
      compiler: createExpressionCompiler(),
      evaluator: createExpressionEvaluator(),
      compute: {
        run: () =>
          Promise.resolve({ ok: false, error: failure('EXECUTION_ERROR', 'no compute here') }),
        close: () => Promise.resolve(),
      },
      actions: testActions(createSink()),
      checkParams: (_def, params) => ({ ok: true, params, warnings: [] }),
      splitText,
      quoteHoles,
      shellReader: { text: reviewShellText, args: reviewArguments },
      isUnlistedPlugin: () => false,
      compile: (definition, hash, _schema, rules) => testPlan(definition, hash, rules.version),
      knownSecrets: () => ['TOKEN'],
      secretDigest: () => null,
      secretNames: () => [
        { name: 'API_KEY', source: 'environment' },
        { name: 'TOKEN', source: 'environment' },
      ],
      manual: () => Promise.resolve(MANUAL),
      processes: { isAlive: () => true },
      audit: createAudit(store, engine.clock, (text) => text),
      notices: { rules: () => [], channels: () => [], test: () => Promise.resolve(null) },
      upkeep: {
        removeLeftovers: () => undefined,
        retention: { completedMs: 1000, failedMs: 2000, keepLast: 0 },
        rows: DERIVED_ROWS,
        checkDatabase: () => [],
        backups: {
          folder: '/home/backups',
          copy: () =>
            Promise.resolve({ bytes: 0, schema: 1, runs: 0, unfinished: 0, heldBy: null }),
        },
      },
      config: {
        workDir: '/home/work',
        callerEnv: { PATH: '/bin' },
        groupLimits: {},
        limits: DEFAULT_DEFINITION_LIMITS,
      },
    });
  return {
    ops: make(true),
    reader: make(false),
    store,
    engine,
    close: () => engine.close(),
  };
}

/** A person at a terminal. */
export const person: CallContext = {
  caller: { agentId: 'cli:ann', role: 'local', sender: 'person' },
  exec: { cwd: '/project', env: { PATH: '/usr/bin', TZ: 'UTC' } },
};

/** An agent over the network. */
export const agent = (agentId: string, role: CallContext['caller']['role'] = 'agent') => ({
  caller: { agentId, role, sender: 'agent' as const },
  exec: null,
});

export const steps = (...list: readonly object[]): JsonObject => ({
  steps: list as unknown as Json,
});

export const noop = (id: string, value: Json = id, more: object = {}): object => ({
  id,
  action: 'test.noop',
  params: { value },
  ...more,
});

export const ask = (id: string, more: object = {}, config: object = {}): object => ({
  id,
  type: 'reasoning',
  config: {
    prompt_context: 'Deploy?',
    options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }],
    ...config,
  },
  ...more,
});

/** The error a promise rejects with; its code must be the given one. */
export async function errorOf(promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    if (thrown.code !== code) throw new Error(`${thrown.code}: ${thrown.message}, not ${code}`);
    return thrown;
  }
  throw new Error(`nothing was refused, ${code} was expected`);
}

/** Runs a definition to where it stops. */
export async function runOf(
  ops: Ops,
  definition: JsonObject,
  more: Omit<Parameters<Ops['run']>[1], 'definition'> = {},
): Promise<RunResult> {
  const result = await ops.run(person, { definition, include: [...RUN_PARTS], ...more });
  if ('dry_run' in result) throw new Error('a dry run is no run');
  return result;
}
