/**
 * `concurrency`: which place a run asks for, and which limit holds there.
 *
 * The place is evaluated once, when the run is made; its queue stays with the run. The limit is asked
 * for anew each time: that of a template's newest version, that of a global group's setting, or the
 * run's own.
 */
import { AppError } from '../model/error.ts';
import type { ExpressionEvaluator } from '../model/expression.ts';
import {
  type AskedPlace,
  definitionGroup,
  globalGroup,
  namedGroup,
  type Queue,
  type QueueLimit,
  readGroup,
  templateGroup,
  type WokenRun,
} from '../model/place.ts';
import type { Plan } from '../model/plan.ts';
import type { PlaceStore, TemplateStore } from '../model/store.ts';
import { limitOfRun, type Newcomer, valueAtStart } from './newcomer.ts';

/** Limits of the global groups by name: `limits.groups` of the settings. */
export type GroupLimits = Readonly<Record<string, number>>;

export interface LimitSource {
  readonly store: Pick<TemplateStore, 'template'>;
  readonly groups: GroupLimits;
}

/** A new run, as far as its place depends on it. */
export interface NewcomerFacts extends Newcomer {
  /** Whose run it is: keeps apart the runs of different people that have no template. */
  readonly owner: string;
}

/**
 * The place that a new run asks for; null when its definition has no `concurrency`.
 * @throws VALIDATION_ERROR when the key or the run's limit cannot be evaluated, or the settings have
 *   no such group
 */
export function placeFor(
  source: LimitSource,
  evaluator: ExpressionEvaluator,
  nowMs: number,
  newcomer: NewcomerFacts,
): AskedPlace | null {
  const { plan } = newcomer;
  // What is wrong with the limit is told before there is a run, too.
  limitOfRun(evaluator, nowMs, newcomer);
  if (plan.concurrency === null) return null;
  const queue: Queue = {
    group: groupOf(plan, newcomer),
    key: keyOf(evaluator, nowMs, newcomer),
  };
  return askFor(source, queue, plan);
}

/**
 * The place that a run asks for which has one by its definition, with the limit as of now.
 * @throws VALIDATION_ERROR when the settings have no such group
 */
export function askFor(source: LimitSource, queue: Queue, plan: Plan): AskedPlace | null {
  const { concurrency } = plan;
  if (concurrency === null) return null;
  const now = limitOf(source, queue.group);
  const { limit: own, whenFull } = concurrency;
  if (now === null && own === null) throw noSuchGroup(source, concurrency.group ?? '');
  if (now === null) return { ...queue, limit: own, isCommon: false, whenFull };
  return { ...queue, limit: now.limit, isCommon: true, whenFull };
}

/** The limit that holds in a group now; null when each run states its own. */
export function limitOf({ store, groups }: LimitSource, group: string): QueueLimit {
  const read = readGroup(group);
  if (read === null) return null;
  if (read.kind === 'group') {
    const limit = Object.hasOwn(groups, read.name) ? groups[read.name] : undefined;
    return limit === undefined ? null : { limit };
  }
  const newest = store.template(read.name, null);
  if (newest === null || newest.archived) return null;
  const { concurrency } = newest.pack.definition;
  if (concurrency === undefined) return { limit: null };
  return concurrency.limit === undefined ? null : { limit: concurrency.limit };
}

function noSuchGroup({ groups }: LimitSource, name: string): AppError {
  const known = Object.keys(groups);
  const has = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  return new AppError('VALIDATION_ERROR', `concurrency.group: no group "${name}" is set up`, {
    hint: `set limits.groups.${name} to how many runs of it may work at once (${has})`,
  });
}

function groupOf({ concurrency, hash }: Plan, { facts, owner }: NewcomerFacts): string {
  if (concurrency?.group != null) return globalGroup(concurrency.group);
  if (facts.template !== null) return templateGroup(facts.template);
  return facts.name === null ? definitionGroup(owner, hash) : namedGroup(owner, facts.name);
}

function keyOf(evaluator: ExpressionEvaluator, nowMs: number, newcomer: NewcomerFacts): string {
  const key = newcomer.plan.concurrency?.key ?? null;
  if (key === null) return '';
  const value = valueAtStart(evaluator, nowMs, newcomer, key, 'concurrency.key');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * Gives the turns that limits leave room for and nobody gave: a limit was raised, or whoever raised it
 * ended in the middle. `group` null: in all groups.
 */
export function handOnQueues(
  { store, groups }: LimitSource & { readonly store: PlaceStore },
  group: string | null,
  nowMs: number,
): readonly WokenRun[] {
  return store
    .waitingQueues(group)
    .flatMap((queue) => store.handOnPlaces(queue, limitOf({ store, groups }, queue.group), nowMs));
}
