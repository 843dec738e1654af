/** `steps` as a map of the visible steps, each read when it is asked for. */
import type { Scope, StepView } from '../../model/expression.ts';
import { stepField, stepFieldNames } from '../step-view.ts';
import { CelMap } from './values.ts';

export class StepsMap extends CelMap {
  readonly #scope: Scope;
  #known: Map<string, StepMap> | null = null;

  constructor(scope: Scope) {
    super();
    this.#scope = scope;
  }

  get size(): number {
    return this.keys().length;
  }

  /** A step's fields; built once, because a macro may ask at every element. */
  get(key: unknown): StepMap | undefined {
    if (typeof key !== 'string') return undefined;
    const before = this.#known?.get(key);
    if (before !== undefined) return before;
    const view = this.#scope.step(key);
    if (view === undefined) return undefined;
    const step = new StepMap(view);
    this.#known ??= new Map();
    this.#known.set(key, step);
    return step;
  }

  keys(): readonly string[] {
    return this.#scope.stepIds();
  }
}

class StepMap extends CelMap {
  readonly #view: StepView;

  constructor(view: StepView) {
    super();
    this.#view = view;
  }

  get size(): number {
    return this.keys().length;
  }

  get(key: unknown): unknown {
    return typeof key === 'string' ? stepField(this.#view, key) : undefined;
  }

  keys(): readonly string[] {
    return stepFieldNames(this.#view);
  }
}
