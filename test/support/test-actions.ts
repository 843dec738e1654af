/**
 * Actions with counted effects for engine tests: every execution is noted in a sink, by step path.
 */
import type { ActionDef, ActionRegistry } from '../../src/model/action.ts';
import type { Effect } from '../../src/model/definition.ts';
import { AppError } from '../../src/model/error.ts';
import type { Json } from '../../src/model/json.ts';

export interface Sink {
  /** Executions begun and ended per run and path. */
  readonly begun: Map<string, number>;
  readonly done: Map<string, number>;
  /** Steps executing at this moment, and steps that were ever executing twice at once. */
  readonly now: Map<string, number>;
  readonly doubled: Set<string>;
  /** Called when an effect has happened and its answer is still to come. */
  onEffect: ((path: string) => void) | null;
}

export function createSink(): Sink {
  return { begun: new Map(), done: new Map(), now: new Map(), doubled: new Set(), onEffect: null };
}

const bump = (counts: Map<string, number>, key: string, by = 1): number => {
  const next = (counts.get(key) ?? 0) + by;
  counts.set(key, next);
  return next;
};

/** Goes on until it is aborted, and then for a while longer, as a command does that handles TERM. */
async function untilGone(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  for (let round = 0; round < 6; round++) await new Promise((resolve) => setImmediate(resolve));
  throw new AppError('CANCELLED', 'it was stopped');
}

function effectAction(name: string, effect: Effect, sink: Sink): ActionDef {
  return {
    name,
    description: `counts itself (${effect})`,
    effect,
    inline: false,
    params: {
      value: { type: 'any' },
      fail_times: { type: 'any' },
      hang_times: { type: 'any' },
      code: { type: 'string' },
    },
    async run(params, context) {
      const { path } = context;
      if (bump(sink.now, path) > 1) sink.doubled.add(path);
      const begun = bump(sink.begun, path);
      await Promise.resolve();
      try {
        const hangs = typeof params.hang_times === 'number' && begun <= params.hang_times;
        if (hangs) await untilGone(context.signal);
        const failTimes = typeof params.fail_times === 'number' ? params.fail_times : 0;
        if (begun <= failTimes) {
          throw new AppError('EXECUTION_ERROR', `${path} fails (${begun} of ${failTimes})`);
        }
        bump(sink.done, path);
        sink.onEffect?.(path);
        await Promise.resolve();
        return { output: { value: params.value ?? null } };
      } finally {
        bump(sink.now, path, -1);
      }
    },
  };
}

const noop: ActionDef = {
  name: 'test.noop',
  description: 'gives its value back',
  effect: 'pure',
  inline: true,
  params: { value: { type: 'any' } },
  run: (params) => ({ output: { value: params.value ?? null } }),
};

const fail: ActionDef = {
  name: 'test.fail',
  description: 'always fails for good',
  effect: 'pure',
  inline: true,
  params: { reason: { type: 'string' } },
  run(params) {
    throw new AppError('NON_RETRYABLE', String(params.reason ?? 'told to'));
  },
};

const set: ActionDef = {
  name: 'test.set',
  description: 'sets context',
  effect: 'internal',
  inline: true,
  params: { set: { type: 'object', required: true } },
  run: (params) => ({
    output: { set: true },
    notes: { context: params.set as { [key: string]: Json } },
  }),
};

const child: ActionDef = {
  name: 'workflow.run',
  description: 'starts a workflow',
  effect: 'unsafe',
  inline: 'engine',
  via: 'child',
  params: {
    template_name: { type: 'string', required: true },
    params: { type: 'object', secrets: true },
    wait: { type: 'boolean' },
    on_suspend: { type: 'string' },
  },
};

/** `test.noop`, `test.fail`, `test.set`, `test.read`, `test.idempotent`, `test.unsafe`, `workflow.run`. */
export function testActions(sink: Sink): ActionRegistry {
  const defs = [
    noop,
    fail,
    set,
    child,
    effectAction('test.read', 'read', sink),
    effectAction('test.idempotent', 'idempotent', sink),
    effectAction('test.unsafe', 'unsafe', sink),
  ];
  const byName = new Map(defs.map((def) => [def.name, def]));
  return { get: (name) => byName.get(name), names: () => [...byName.keys()] };
}
