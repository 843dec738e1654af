/**
 * One list of steps as a graph: what each step waits for, fallbacks, leaves, result.
 *
 * Dependencies are those written, the step before (in sequences) and what the step or anything below
 * it reads, in this order. A fallback is no part of the normal order: it follows nobody by itself.
 */
import type { StepDef } from '../model/definition.ts';
import { formatIssuePath, type IssuePath } from '../model/issue.ts';
import type { ListPlan, StepPlan } from '../model/plan.ts';
import {
  type CompiledList,
  type Frame,
  indexOfList,
  isFull,
  type ListPlace,
  mayHint,
  type Origin,
  type PlanContext,
  report,
  withIds,
} from './graph-context.ts';
import { findCycles } from './graph-cycles.ts';
import { suggestion } from './graph-nearest.ts';
import { compileStep, type StepParts } from './graph-step.ts';

/** A list's plan and the frame it was compiled in. */
export function compileList(
  cx: PlanContext,
  defs: readonly StepDef[],
  place: ListPlace,
): CompiledList {
  const indexById = indexOfList(cx, defs);
  const frame: Frame = {
    defs,
    pathOf: place.pathOf,
    indexById,
    outer: place.outer,
    key: place.key,
    names: place.names,
    concurrent: place.concurrent,
    at: -1,
    reads: new Map(),
  };
  reportDuplicates(cx, frame);
  const fallbacks = fallbacksOf(cx, frame);
  const parts = withIds(cx, indexById.keys(), () =>
    defs.map((def, i) => {
      frame.at = i;
      return compileStep(cx, frame, def, place.pathOf(i));
    }),
  );
  frame.at = -1;
  const edges = edgesOf(cx, frame, fallbacks, place.sequence);
  checkFallbackEdges(cx, frame, fallbacks, edges);
  reportCycles(cx, frame, fallbacks, edges);
  return { plan: assemble(defs, parts, fallbacks, edges, indexById), frame };
}

function reportDuplicates(cx: PlanContext, frame: Frame): void {
  frame.defs.forEach((def, i) => {
    const first = frame.indexById.get(def.id);
    if (first === undefined || first === i) return;
    const message = `step id "${def.id}" is used twice in this list (first at ${formatIssuePath(frame.pathOf(first))})`;
    report(cx, [...frame.pathOf(i), 'id'], message);
  });
}

const meant = (cx: PlanContext, frame: Frame, id: string): string | undefined =>
  mayHint(cx) ? suggestion(id, frame.indexById.keys()) : undefined;

/** Which step is whose fallback. */
interface Fallbacks {
  /** Owner's index → its fallback's. */
  readonly of: ReadonlyMap<number, number>;
  /** Fallback's index → its owner's. */
  readonly ownerOf: ReadonlyMap<number, number>;
}

function fallbacksOf(cx: PlanContext, frame: Frame): Fallbacks {
  const of = new Map<number, number>();
  const ownerOf = new Map<number, number>();
  frame.defs.forEach((def, i) => {
    if (def.on_error?.strategy !== 'fallback_step') return;
    const id = def.on_error.fallback_step;
    if (id === undefined) return;
    const path = [...frame.pathOf(i), 'on_error', 'fallback_step'];
    const target = frame.indexById.get(id);
    const owner = target === undefined ? undefined : ownerOf.get(target);
    if (target === undefined) {
      report(cx, path, `there is no step "${id}" in this list`, { hint: meant(cx, frame, id) });
    } else if (target === i) {
      report(cx, path, `step "${id}" cannot be its own fallback`, { code: 'CYCLE_DETECTED' });
    } else if (owner !== undefined) {
      const message = `step "${id}" is the fallback of "${frame.defs[owner]?.id ?? ''}" already: a fallback belongs to one step only`;
      report(cx, path, message, { hint: 'give each step a fallback of its own' });
    } else {
      of.set(i, target);
      ownerOf.set(target, i);
    }
  });
  return { of, ownerOf };
}

type Edges = ReadonlyMap<number, Origin>[];

function edgesOf(cx: PlanContext, frame: Frame, fallbacks: Fallbacks, sequence: boolean): Edges {
  let before: number | null = null;
  return frame.defs.map((def, i) => {
    const edges = writtenEdges(cx, frame, def, i);
    const isFallback = fallbacks.ownerOf.has(i);
    if (sequence && !isFallback && def.depends_on === undefined && before !== null) {
      edges.set(before, { kind: 'order', path: () => frame.pathOf(i) });
    }
    if (!isFallback) before = i;
    for (const [target, origin] of frame.reads.get(i) ?? []) {
      if (!edges.has(target)) edges.set(target, origin);
    }
    return edges;
  });
}

function writtenEdges(
  cx: PlanContext,
  frame: Frame,
  def: StepDef,
  index: number,
): Map<number, Origin> {
  const edges = new Map<number, Origin>();
  (def.depends_on ?? []).forEach((id, i) => {
    const path = [...frame.pathOf(index), 'depends_on', i];
    const target = frame.indexById.get(id);
    if (target === undefined) reportMissing(cx, frame, id, path);
    else if (target === index) {
      report(cx, path, `step "${id}" depends on itself`, { code: 'CYCLE_DETECTED' });
    } else if (edges.has(target)) report(cx, path, `"${id}" is listed twice`);
    else edges.set(target, { kind: 'written', path: () => path });
  });
  return edges;
}

function reportMissing(cx: PlanContext, frame: Frame, id: string, path: IssuePath): void {
  for (let outer = frame.outer; outer !== null; outer = outer.outer) {
    if (!outer.indexById.has(id)) continue;
    const hint = 'leave it out: the composite around this step waits as soon as `steps.` reads it';
    report(cx, path, `"${id}" is a step of an outer list; depends_on takes ids of the same list`, {
      hint,
    });
    return;
  }
  report(cx, path, `there is no step "${id}" in this list`, { hint: meant(cx, frame, id) });
}

/** A fallback may wait only for the step it stands in for and for what came before that one. */
function checkFallbackEdges(
  cx: PlanContext,
  frame: Frame,
  fallbacks: Fallbacks,
  edges: Edges,
): void {
  for (const [fallback, owner] of fallbacks.ownerOf) {
    const targets = edges[fallback] ?? new Map<number, Origin>();
    const direct = edges[owner] ?? new Map<number, Origin>();
    if ([...targets.keys()].every((target) => target === owner || direct.has(target))) continue;
    for (const target of notBefore(owner, new Set(targets.keys()), edges, fallbacks)) {
      const [id, own, other] = [fallback, owner, target].map((i) => frame.defs[i]?.id ?? '');
      const message = `"${id}" is the fallback of "${own}" and may depend only on it and on what it depends on, not on "${other}"`;
      report(cx, targets.get(target)?.path() ?? frame.pathOf(fallback), message);
    }
    if (isFull(cx)) return;
  }
}

/** Those of the targets that a step neither is nor waits for, directly or through others. */
function notBefore(
  start: number,
  targets: Set<number>,
  edges: Edges,
  fallbacks: Fallbacks,
): ReadonlySet<number> {
  const reached = new Set([start]);
  const queue = [start];
  targets.delete(start);
  for (let at = 0; at < queue.length && targets.size > 0; at++) {
    const step = queue[at] as number;
    const owner = fallbacks.ownerOf.get(step);
    const next = [...(edges[step]?.keys() ?? []), ...(owner === undefined ? [] : [owner])];
    for (const target of next) {
      if (reached.has(target)) continue;
      reached.add(target);
      queue.push(target);
      targets.delete(target);
    }
  }
  return targets;
}

const WAITS: Readonly<Record<Origin['kind'], string>> = {
  written: 'depends on',
  order: 'follows',
  read: 'reads',
  fallback: 'is the fallback of',
};

function reportCycles(cx: PlanContext, frame: Frame, fallbacks: Fallbacks, edges: Edges): void {
  const targets = edges.map((own, i) => {
    const owner = fallbacks.ownerOf.get(i);
    return owner === undefined || own.has(owner) ? [...own.keys()] : [...own.keys(), owner];
  });
  const idOf = (index: number): string => frame.defs[index]?.id ?? '';
  for (const cycle of findCycles(targets)) {
    const [start = 0] = cycle;
    const steps = cycle.map((from, i) => {
      const to = cycle[i + 1] ?? start;
      return { from, to, origin: originOf(frame, edges, from, to) };
    });
    const ids = [...cycle, start].map(idOf);
    const shown = ids.length <= 12 ? ids : [...ids.slice(0, 6), '…', ...ids.slice(-5)];
    const written = steps.find(({ origin }) => origin.kind === 'written' || origin.kind === 'read');
    const path = (written ?? steps[0])?.origin.path() ?? frame.pathOf(start);
    const told = steps.slice(0, 6).map(({ from, to, origin }) => {
      const where = origin.kind === 'read' ? ` at ${formatIssuePath(origin.path())}` : '';
      return `"${idOf(from)}" ${WAITS[origin.kind]} "${idOf(to)}"${where}`;
    });
    report(cx, path, `steps wait for each other: ${shown.join(' → ')}`, {
      code: 'CYCLE_DETECTED',
      hint: told.join(', '),
    });
  }
}

function originOf(frame: Frame, edges: Edges, from: number, to: number): Origin {
  const path = (): IssuePath => [...frame.pathOf(to), 'on_error', 'fallback_step'];
  return edges[from]?.get(to) ?? { kind: 'fallback', path };
}

function assemble(
  defs: readonly StepDef[],
  parts: readonly StepParts[],
  fallbacks: Fallbacks,
  edges: Edges,
  indexById: ReadonlyMap<string, number>,
): ListPlan {
  const dependents: number[][] = defs.map(() => []);
  const awaited = new Set<number>();
  edges.forEach((own, i) => {
    for (const target of own.keys()) {
      dependents[target]?.push(i);
      if (!fallbacks.ownerOf.has(i)) awaited.add(target);
    }
  });
  const steps = parts.map(
    (part, i): StepPlan => ({
      ...part,
      index: i,
      deps: [...(edges[i]?.keys() ?? [])],
      dependents: dependents[i] ?? [],
      fallbackOf: fallbacks.ownerOf.get(i) ?? null,
      fallback: fallbacks.of.get(i) ?? null,
    }),
  );
  const normal = steps.filter((step) => step.fallbackOf === null);
  return {
    steps,
    result: normal.at(-1)?.index ?? -1,
    leaves: normal.filter((step) => !awaited.has(step.index)).map((step) => step.index),
    indexById,
  };
}
