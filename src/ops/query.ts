/**
 * `query`: lists of runs, events, templates, decisions, actions; newest first, paged by key.
 */

import type * as v from 'valibot';
import type {
  DecisionRow,
  DecisionStatus,
  Page,
  RunFilter,
  RunRow,
  TemplateRow,
} from '../model/store.ts';
import { requireAccess } from './access.ts';
import { listAgents } from './agent-list.ts';
import { listAudit } from './audit-list.ts';
import { newestCursor, placedEventOf } from './event-cursor.ts';
import { eventTypes } from './event-types.ts';
import { checkFields, pageOf, type QueryFilter, timesOf, valuesOf } from './filter.ts';
import { definitionReader, labelFilter, labelsOf } from './labels.ts';
import { listReference } from './list-reference.ts';
import { EVERYWHERE, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { FILTER_STATUSES, queryInput, queryOutput, type RESOURCES } from './query-schemas.ts';
import { rowWaits } from './row-waits.ts';
import { resolveRun } from './run-ref.ts';
import { listSchedules } from './schedule-history.ts';
import { versionsOf } from './template-versions.ts';
import { actionOf, decisionOf, runSummaryOf, templateSummaryOf } from './wire.ts';

type Output = v.InferOutput<typeof queryOutput>;
type Resource = (typeof RESOURCES)[number];
type Lister = (parts: OpsParts, filter: QueryFilter) => Output | Promise<Output>;

const DEFAULT_LIMIT = 20;
/** Lists that are read once and whole. */
const WHOLE = 1000;
const DEFAULT_LIMITS: Partial<Record<Resource, number>> = {
  actions: WHOLE,
  reference: WHOLE,
  secrets: WHOLE,
  templates: 100,
};

export function createQuery(parts: OpsParts): Operation<typeof queryInput, typeof queryOutput> {
  return {
    name: 'query',
    summary: 'List runs, events, templates, decisions or actions',
    input: queryInput,
    output: queryOutput,
    surfaces: EVERYWHERE,
    access: 'read',
    async handle({ caller }, { resource, filter }) {
      if (resource === 'audit') requireAccess(caller.role, 'operate', 'query audit');
      const { limit = DEFAULT_LIMITS[resource] ?? DEFAULT_LIMIT } = filter;
      return LISTERS[resource](parts, { ...filter, limit });
    },
  };
}

const withCursor = (output: Output, cursor: string | null): Output =>
  cursor === null ? output : { ...output, next_cursor: cursor };

function listWorkflows(parts: OpsParts, filter: QueryFilter): Output {
  const { store, clock } = parts;
  checkFields('workflows', filter);
  const nowMs = clock.now();
  const isLabelled = labelFilter(filter.label);
  const definitionOf = definitionReader(parts);
  const isWanted = (row: RunRow): boolean => isLabelled?.(definitionOf(row.definitionHash)) ?? true;
  const statuses =
    filter.status === undefined
      ? null
      : valuesOf('status', filter.status, FILTER_STATUSES.workflows);
  const asked = {
    ...(statuses === null ? {} : { status: statuses }),
    ...timesOf(filter),
    ...(filter.template_name === undefined ? {} : { template: filter.template_name }),
    ...(filter.agent_id === undefined ? {} : { agentId: filter.agent_id }),
    ...(filter.name === undefined ? {} : { name: filter.name }),
  };
  const page =
    filter.workflow_id === undefined
      ? pageOf(
          (limit, cursor) => store.queryRuns({ ...asked, limit, ...cursorOf(cursor) }),
          filter,
          isWanted,
        )
      : onlyRun(parts, filter.workflow_id, asked);
  const workflows = page.items.filter(isWanted).map((row) => ({
    ...summary(parts, row, nowMs),
    ...labelsOf(definitionOf(row.definitionHash)),
  }));
  return withCursor({ workflows }, page.nextCursor);
}

const cursorOf = (cursor: string | undefined) => (cursor === undefined ? {} : { cursor });

/** One run, when the other filters let it through. */
function onlyRun(
  { store, reader }: OpsParts,
  reference: string,
  asked: Omit<RunFilter, 'limit'>,
): Page<RunRow> {
  const row = reader.row(resolveRun(store, reference));
  const isWanted =
    (asked.status?.includes(row.status) ?? true) &&
    (asked.template === undefined || row.template === asked.template) &&
    (asked.agentId === undefined || row.agentId === asked.agentId) &&
    (asked.name === undefined || row.name === asked.name) &&
    row.createdAt >= (asked.since ?? row.createdAt) &&
    row.createdAt <= (asked.until ?? row.createdAt);
  return { items: isWanted ? [row] : [], nextCursor: null };
}

function summary({ store }: OpsParts, row: RunRow, nowMs: number) {
  const asks = row.waitingFor.some((wait) => wait.kind === 'decision');
  const decisions = asks
    ? store.queryDecisions({ runId: row.runId, status: 'pending', limit: 20 }).items
    : [];
  return runSummaryOf(row, nowMs, rowWaits(store, row, decisions));
}

const typesOf = (given: string | readonly string[]): readonly string[] =>
  eventTypes('filter.event_type', typeof given === 'string' ? given.split(',') : given);

function listEvents(parts: OpsParts, filter: QueryFilter): Output {
  const { store } = parts;
  checkFields('events', filter);
  const { event_type: type } = filter;
  const runs = runMatcher(parts, filter);
  // Before the list is read: what is committed meanwhile comes twice rather than never.
  const asOf = newestCursor(store);
  const page = pageOf(
    (limit, cursor) =>
      store.queryEvents({
        ...timesOf(filter),
        ...(filter.workflow_id === undefined
          ? {}
          : { runId: resolveRun(store, filter.workflow_id) }),
        ...(filter.step_id === undefined ? {} : { path: filter.step_id }),
        ...(type === undefined ? {} : { types: typesOf(type) }),
        limit,
        ...cursorOf(cursor),
      }),
    filter,
    ({ runId }) => runs(runId),
  );
  const events = page.items.map((stored) => placedEventOf(store, stored));
  return { ...withCursor({ events }, page.nextCursor), as_of: asOf };
}

/** Whether a run has the agent and template that a filter asks for; each run is looked up once. */
function runMatcher({ store }: OpsParts, filter: QueryFilter): (runId: RunRow['runId']) => boolean {
  const { agent_id: agent, template_name: template } = filter;
  const known = new Map<RunRow['runId'], boolean>();
  return (runId) => {
    if (agent === undefined && template === undefined) return true;
    const before = known.get(runId);
    if (before !== undefined) return before;
    const row = store.run(runId);
    const fits =
      row !== null &&
      (agent === undefined || row.agentId === agent) &&
      (template === undefined || row.template === template);
    known.set(runId, fits);
    return fits;
  };
}

const DECISION_STATUSES: readonly DecisionStatus[] = FILTER_STATUSES.decisions;

function listDecisions(parts: OpsParts, filter: QueryFilter): Output {
  const { store } = parts;
  checkFields('decisions', filter);
  // Over all runs, what is asked for without a word is what somebody has to do.
  const isOfOneRun = filter.workflow_id !== undefined;
  const unasked = isOfOneRun ? DECISION_STATUSES : (['pending'] as const);
  const statuses =
    filter.status === undefined ? unasked : valuesOf('status', filter.status, DECISION_STATUSES);
  const [status] = statuses;
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = timesOf(filter);
  const runs = runMatcher(parts, { ...filter, agent_id: undefined });
  const isWanted = (row: DecisionRow): boolean =>
    statuses.includes(row.status) &&
    (filter.step_id === undefined || row.path === filter.step_id) &&
    row.createdAt >= since &&
    row.createdAt <= until &&
    runs(row.runId);
  const page = pageOf(
    (limit, cursor) =>
      store.queryDecisions({
        ...(statuses.length === 1 && status !== undefined ? { status } : {}),
        ...(filter.workflow_id === undefined
          ? {}
          : { runId: resolveRun(store, filter.workflow_id) }),
        ...(filter.agent_id === undefined ? {} : { targetAgent: filter.agent_id }),
        limit,
        ...cursorOf(cursor),
      }),
    filter,
    isWanted,
  );
  return withCursor({ decisions: page.items.map(decisionOf) }, page.nextCursor);
}

/** By name; archived ones only when asked for. `name` finds a part of the name. */
function listTemplates({ store }: OpsParts, filter: QueryFilter): Output {
  checkFields('templates', filter);
  const statuses = valuesOf('status', filter.status ?? 'active', FILTER_STATUSES.templates);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = timesOf(filter);
  const isLabelled = labelFilter(filter.label);
  const isWanted = (row: TemplateRow): boolean =>
    statuses.includes(row.archived ? 'archived' : 'active') &&
    (filter.template_name === undefined || row.name === filter.template_name) &&
    (filter.name === undefined || row.name.includes(filter.name)) &&
    (filter.agent_id === undefined || row.agentId === filter.agent_id) &&
    (isLabelled?.(row.pack.definition) ?? true) &&
    row.createdAt >= since &&
    row.createdAt <= until;
  const fetch = filter.versions === true ? versionsOf(store, filter) : store.templates;
  const page = pageOf(fetch, filter, isWanted);
  return withCursor({ templates: page.items.map(templateSummaryOf) }, page.nextCursor);
}

/** By name; the cursor is the last name of the page. `name` finds a part of the name. */
function listActions({ actions }: OpsParts, filter: QueryFilter): Output {
  checkFields('actions', filter);
  const { name = '', cursor = '', limit } = filter;
  const names = [...actions.names()].sort().filter((each) => each.includes(name) && each > cursor);
  const page = names.slice(0, limit);
  const found = page.flatMap((each) => actions.get(each) ?? []);
  return withCursor(
    { actions: found.map(actionOf) },
    names.length > page.length ? (page.at(-1) ?? null) : null,
  );
}

/** By name; no value is in it. `name` finds a part of the name. */
function listSecrets({ secretNames }: OpsParts, filter: QueryFilter): Output {
  checkFields('secrets', filter);
  const { name = '', cursor = '', limit } = filter;
  const found = secretNames().filter((each) => each.name.includes(name) && each.name > cursor);
  const secrets = found.slice(0, limit).map((each) => ({ ...each }));
  return withCursor({ secrets }, found.length > limit ? (secrets.at(-1)?.name ?? null) : null);
}

const LISTERS: Readonly<Record<Resource, Lister>> = {
  workflows: listWorkflows,
  events: listEvents,
  templates: listTemplates,
  decisions: listDecisions,
  actions: listActions,
  secrets: listSecrets,
  reference: listReference,
  agents: listAgents,
  audit: listAudit,
  schedules: listSchedules,
};
