/**
 * The triggers of a template: what is wrong with them, and the schedules and webhooks they make.
 *
 * A schedule made by an entry is `<template>/<entry name>` and remembers the entry: as long as that is
 * written as before the schedule is left alone, also when somebody has disabled or changed it; a
 * changed entry is applied whole, and one that is gone takes its schedule along.
 */
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import type { Issue, WarningCode } from '../model/issue.ts';
import { canonicalJson, type JsonObject } from '../model/json.ts';
import type { ScheduleRow, WebhookRow } from '../model/schedule.ts';
import { nextOf } from '../model/schedule.ts';
import type { ScheduleChange, TriggerChange } from '../model/schedule-store.ts';
import { unknownParams } from '../validate/input-warnings.ts';
import { effectiveInputs } from '../validate/inputs.ts';
import type { CallContext } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { expressionDoubts } from './schedule-doubt.ts';
import { type CronEntry, cronEntries, webhookEntries } from './triggers-read.ts';

/** Why the schedules of an archived template do not fire. */
const ARCHIVED = 'its template is archived';

export interface TriggerOwner {
  readonly template: string;
  readonly pack: Pick<WorkflowPackage, 'triggers'>;
  /** Whom runs belong to when an entry does not say. */
  readonly agentId: string | null;
  readonly createdBy: string | null;
}

type Parts = Pick<OpsParts, 'store' | 'calculator' | 'clock' | 'random'>;
type CheckParts = Parts & Pick<OpsParts, 'secretDigest'>;

/** @throws CONFLICT when a webhook or schedule of this name belongs to another; PERMISSION_DENIED */
export function checkTriggers(parts: CheckParts, ctx: CallContext, owner: TriggerOwner): void {
  const { template, pack } = owner;
  for (const { name, path } of webhookEntries(pack.triggers).entries) {
    const other = parts.store.webhook(name);
    if (other === null || other.template === template) continue;
    throw taken(`${path}.name: the webhook "${name}" belongs to the template "${other.template}"`);
  }
  refuseSharedSecrets(parts, owner);
  for (const entry of cronEntries(parts.calculator, pack.triggers).entries) {
    const other = parts.store.scheduleByName(scheduleName(template, entry));
    if (other !== null && other.owner?.template !== template) {
      throw taken(`${entry.path}.name: there is a schedule "${other.name}" already`);
    }
    maySpeakFor(ctx, owner, entry);
  }
}

/**
 * Two webhooks with one secret could be sent each other's requests. Those that are there stay; a secret
 * whose value is not known here is compared at the first request.
 */
function refuseSharedSecrets(
  { store, secretDigest }: CheckParts,
  { template, pack }: TriggerOwner,
): void {
  const own = webhookEntries(pack.triggers).entries;
  const names = new Set(own.map(({ name }) => name));
  const stays = ({ name, template: of }: WebhookRow): boolean => of !== template || names.has(name);
  const others = store.webhooks().filter(stays);
  const digestOf = (secret: string): string => secretDigest(secret) ?? `name ${secret}`;
  for (const [index, { name, secret, path }] of own.entries()) {
    if (store.webhook(name)?.secret === secret) continue;
    const shared = [...others, ...own.slice(0, index)].find(
      (other) => other.name !== name && digestOf(other.secret) === digestOf(secret),
    );
    if (shared === undefined) continue;
    throw new AppError(
      'CONFLICT',
      `${path}.secret: "${shared.name}" is signed with the same value`,
      {
        hint: 'give each webhook a secret of its own: else a request to one can be sent to the other',
      },
    );
  }
}

const taken = (message: string): AppError =>
  new AppError('CONFLICT', message, { hint: 'choose another name' });

/** An agent lets schedules run in no other agent's name. */
function maySpeakFor({ caller }: CallContext, owner: TriggerOwner, entry: CronEntry): void {
  const { agentId } = entry.fields;
  if (caller.role !== 'agent' || agentId === undefined || agentId === owner.agentId) return;
  throw new AppError(
    'PERMISSION_DENIED',
    `${entry.path}.agent_id: you do not speak for "${agentId}"`,
    {
      hint: 'leave agent_id out, or ask an operator',
    },
  );
}

const scheduleName = (template: string, { name }: CronEntry): string => `${template}/${name}`;

const MAX_OWNED = 1000;

/** Makes schedules and webhooks of a template what its triggers say. @throws CONFLICT */
export function applyTriggers(parts: Parts, owner: TriggerOwner): void {
  const change = plannedChange(parts, owner);
  const outcome = parts.store.applyTriggers(change);
  if (!outcome.ok) throw taken(`triggers: the name "${outcome.taken}" was taken meanwhile`);
}

function plannedChange(parts: Parts, owner: TriggerOwner): TriggerChange {
  const { store, clock, calculator } = parts;
  const { template, pack } = owner;
  const at = clock.now();
  const { entries } = cronEntries(calculator, pack.triggers);
  const before = new Map(
    store.schedules({ owner: template, limit: MAX_OWNED }).items.map((row) => [row.name, row]),
  );
  const add: ScheduleRow[] = [];
  const change: { id: string; to: ScheduleChange }[] = [];
  for (const entry of entries) {
    const name = scheduleName(template, entry);
    const known = before.get(name);
    before.delete(name);
    if (known === undefined) add.push(newSchedule(parts, owner, name, entry, at));
    else if (!isSame(known, entry))
      change.push({ id: known.id, to: changed(parts, known, owner, entry, at) });
    else if (known.pausedReason === ARCHIVED)
      change.push({ id: known.id, to: revived(parts, known, at) });
  }
  const webhooks: WebhookRow[] = webhookEntries(pack.triggers).entries.map((entry) => {
    const { name, secret, equalBodies } = entry;
    // A webhook that is there keeps its form: whoever sends to it signs as before.
    const form = entry.form ?? store.webhook(name)?.form ?? 'opcode';
    return { name, template, secret, form, equalBodies, createdAt: at };
  });
  return { template, at, add, change, remove: [...before.values()].map(({ id }) => id), webhooks };
}

const isSame = ({ owner }: ScheduleRow, entry: CronEntry): boolean =>
  owner !== null && canonicalJson(owner.entry) === canonicalJson(entry.raw);

function newSchedule(
  { calculator, random }: Parts,
  owner: TriggerOwner,
  name: string,
  entry: CronEntry,
  at: number,
): ScheduleRow {
  const { enabled, ...fields } = entry.fields;
  const row: ScheduleRow = {
    ...fields,
    agentId: fields.agentId ?? owner.agentId,
    id: random.uuid(),
    name,
    template: owner.template,
    enabled,
    pausedReason: null,
    countedFrom: at,
    createdAt: at,
    updatedAt: at,
    firstAt: null,
    nextAt: null,
    fireAt: null,
    nextLocal: null,
    zoneRules: null,
    owner: { template: owner.template, entry: entry.raw },
    createdBy: owner.createdBy,
    revision: 1,
  };
  return { ...row, ...nextOf(calculator, row, at) };
}

function changed(
  { calculator }: Parts,
  known: ScheduleRow,
  owner: TriggerOwner,
  entry: CronEntry,
  at: number,
): ScheduleChange {
  const fields = { ...entry.fields, agentId: entry.fields.agentId ?? owner.agentId };
  const zoneRules = fields.timezone === known.timezone ? known.zoneRules : null;
  return {
    ...fields,
    ...nextOf(calculator, { ...known, ...fields, zoneRules }, at),
    pausedReason: null,
    countedFrom: at,
    updatedAt: at,
    entry: entry.raw,
  };
}

const revived = ({ calculator }: Parts, known: ScheduleRow, at: number): ScheduleChange => ({
  enabled: true,
  pausedReason: null,
  countedFrom: at,
  updatedAt: at,
  ...nextOf(calculator, known, at),
});

/** Schedules that a template's triggers made rest while it is archived. */
export function archiveTriggers(parts: Parts, template: string, archived: boolean): void {
  const { store, clock } = parts;
  for (const row of store.schedules({ owner: template, limit: MAX_OWNED }).items) {
    const at = clock.now();
    if (archived && row.enabled) {
      const rest = { enabled: false, pausedReason: ARCHIVED, updatedAt: at };
      store.changeSchedule(row.id, row.revision, rest);
    }
    if (!archived && row.pausedReason === ARCHIVED) {
      store.changeSchedule(row.id, row.revision, revived(parts, row, at));
    }
  }
}

const TEMPLATES_AT_ONCE = 200;

/** Applies the triggers of every template again: a process may have died between the two writes. */
export function reconcileTriggers(parts: Parts): void {
  let cursor: string | undefined;
  do {
    const page = parts.store.templates(TEMPLATES_AT_ONCE, cursor);
    for (const { name, pack, agentId, archived } of page.items) {
      if (archived || !hasTriggers(parts, name, pack.triggers)) continue;
      const owner = { template: name, pack, agentId, createdBy: agentId };
      const change = plannedChange(parts, owner);
      const isThere = change.add.length + change.change.length + change.remove.length === 0;
      if (isThere && sameWebhooks(parts, change)) continue;
      applyTriggers(parts, owner);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

const hasTriggers = ({ store }: Parts, template: string, triggers: JsonObject | null): boolean =>
  triggers !== null ||
  store.webhooksOf(template).length > 0 ||
  store.schedules({ owner: template, limit: 1 }).items.length > 0;

function sameWebhooks({ store }: Parts, { template, webhooks }: TriggerChange): boolean {
  const key = ({ name, secret, form, equalBodies }: WebhookRow): string =>
    JSON.stringify([name, secret, form, equalBodies]);
  const before = store.webhooksOf(template).map(key).sort();
  return canonicalJson(before) === canonicalJson(webhooks.map(key).sort());
}

/** Everything that is wrong with a package's triggers. */
export function triggerIssues(
  { calculator, secretNames, clock }: Pick<OpsParts, 'calculator' | 'secretNames' | 'clock'>,
  pack: WorkflowPackage,
): readonly Issue[] {
  const cron = cronEntries(calculator, pack.triggers);
  const hooks = webhookEntries(pack.triggers);
  const known = new Set(secretNames().map(({ name }) => name));
  const missing = hooks.entries
    .filter(({ secret }) => !known.has(secret))
    .map(({ path, secret }) =>
      warning(
        `${path}.secret`,
        'MISSING_SECRET',
        `there is no secret "${secret}" yet`,
        `set OPCODE_SECRET_${secret}`,
      ),
    );
  const over = cron.entries
    .filter(({ timing }) => nextOf(calculator, timing, clock.now()).nextAt === null)
    .map(({ path }) =>
      warning(`${path}.expression`, 'NEVER_FIRES', 'its time has passed, so it never fires'),
    );
  const doubts = cron.entries.flatMap(({ path, timing }) =>
    expressionDoubts(calculator, timing, clock.now(), `${path}.expression`),
  );
  const params = paramIssues(pack, cron.entries);
  return [...cron.issues, ...hooks.issues, ...missing, ...over, ...doubts, ...params];
}

/** Params that no run can be started with. */
const paramIssues = (pack: WorkflowPackage, entries: readonly CronEntry[]): readonly Issue[] =>
  entries.flatMap(({ path, fields }) =>
    [
      ...effectiveInputs(pack, fields.params).issues,
      ...unknownParams(pack, fields.params, ['params']),
    ].map((issue) => ({ ...issue, path: `${path}.${issue.path}` })),
  );

const warning = (path: string, code: WarningCode, message: string, hint?: string): Issue => ({
  path,
  code,
  message,
  severity: 'warning',
  ...(hint === undefined ? {} : { hint }),
});
