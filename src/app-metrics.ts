/**
 * Measuring an engine from outside: the store it commits to and the actions it executes, each with a
 * clock around it. What is calculated inside a decision is not measured.
 */
import type { Meter } from './http/metrics-meter.ts';
import type { ActionDef, ActionRegistry, EffectAction, PreparedProcess } from './model/action.ts';
import type { Store } from './model/store.ts';

/** The same parts, measured; as they are without a meter. */
export function meteredParts(
  { store, actions }: { readonly store: Store; readonly actions: ActionRegistry },
  meter: Meter | undefined,
): { readonly store: Store; readonly actions: ActionRegistry } {
  if (meter === undefined) return { store, actions };
  return { store: meteredStore(store, meter), actions: meteredActions(actions, meter) };
}

function meteredStore(store: Store, meter: Meter): Store {
  return {
    ...store,
    async append(group) {
      const began = performance.now();
      const outcomes = await store.append(group);
      meter.commit(performance.now() - began);
      return outcomes;
    },
  };
}

function meteredActions(actions: ActionRegistry, meter: Meter): ActionRegistry {
  const known = new Map<string, ActionDef | undefined>();
  return {
    names: actions.names,
    get(name) {
      const before = known.get(name);
      if (before !== undefined) return before;
      const found = actions.get(name);
      const measured = found?.inline === false ? meteredAction(found, meter) : found;
      if (measured !== undefined) known.set(name, measured);
      return measured;
    },
  };
}

function meteredAction(action: EffectAction, meter: Meter): EffectAction {
  const { prepare } = action;
  const timed = async <T>(run: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    let outcome: 'completed' | 'failed' = 'failed';
    try {
      const result = await run();
      outcome = 'completed';
      return result;
    } finally {
      meter.action(action.name, performance.now() - began, outcome);
    }
  };
  const preparing = (...args: Parameters<NonNullable<typeof prepare>>): PreparedProcess => {
    if (prepare === undefined) throw new Error(`${action.name} prepares no process`);
    const prepared = prepare(...args);
    return { ...prepared, run: (context) => timed(() => prepared.run(context)) };
  };
  return {
    ...action,
    run: (params, context) => timed(() => action.run(params, context)),
    ...(prepare === undefined ? {} : { prepare: preparing }),
  };
}
