/** Rows of schedules, and changing one within a transaction that may change more. */
import type { Json } from '../../model/json.ts';
import type { NextTime, ScheduleRow } from '../../model/schedule.ts';
import type { ChangeOutcome, ScheduleChange } from '../../model/schedule-store.ts';
import type { Connection } from './connection.ts';
import { nextColumns, placeValues, rulesValues, type Value } from './schedules-next.ts';
import { skipQueued } from './schedules-occurrences.ts';

type Plain = Omit<ScheduleRow, 'params' | 'enabled' | 'owner' | 'nextLocal' | 'zoneRules'>;

export interface Columns extends Plain {
  readonly params: string;
  readonly enabled: number;
  readonly ownerTemplate: string | null;
  readonly ownerEntry: string | null;
  readonly nextLocal: string | null;
  readonly nextPass: number | null;
  readonly nextLocalAt: number | null;
  readonly zoneRelease: string | null;
  readonly zoneFrom: number | null;
  readonly zoneHash: string | null;
}

export const SELECT = `SELECT id, name, template, version, params, agent_id AS agentId, expression, timezone,
    overlap, catch_up_ms AS catchUpMs, jitter_ms AS jitterMs, enabled, paused_reason AS pausedReason,
    pause_after AS pauseAfter, counted_from AS countedFrom, created_at AS createdAt,
    updated_at AS updatedAt, first_at AS firstAt, next_at AS nextAt, fire_at AS fireAt,
    owner_template AS ownerTemplate, owner_entry AS ownerEntry, created_by AS createdBy, revision,
    next_local AS nextLocal, next_pass AS nextPass, next_local_at AS nextLocalAt,
    zone_release AS zoneRelease, zone_from AS zoneFrom, zone_hash AS zoneHash
  FROM schedules`;

/** A row as the port gives it. */
export function toSchedule(columns: Columns): ScheduleRow {
  const { ownerTemplate, ownerEntry, nextLocal, nextPass, nextLocalAt, ...rest } = columns;
  const { zoneRelease, zoneFrom, zoneHash, ...row } = rest;
  const isPlaced = nextLocal !== null && nextLocal !== '' && nextLocalAt === row.nextAt;
  const hasRules = zoneRelease !== null && zoneFrom !== null && zoneHash !== null;
  return {
    ...row,
    nextLocal: isPlaced ? { zone: row.timezone, local: nextLocal, pass: nextPass ?? 0 } : null,
    zoneRules: hasRules ? { release: zoneRelease, fromYear: zoneFrom, hash: zoneHash } : null,
    params: JSON.parse(row.params),
    enabled: row.enabled === 1,
    owner:
      ownerTemplate === null
        ? null
        : { template: ownerTemplate, entry: JSON.parse(ownerEntry ?? 'null') as Json },
  };
}

/** The row for which the term holds, or null. */
export function readOne(connection: Connection, term: string, value: string): ScheduleRow | null {
  const row = connection.one<Columns>(`${SELECT} WHERE ${term}`, value);
  return row && toSchedule(row);
}

/** Adds the row; false when the name is taken. Inside a transaction. */
export function insertSchedule(connection: Connection, schedule: ScheduleRow): boolean {
  const { changes } = connection.run(
    `INSERT INTO schedules (id, name, template, version, params, agent_id, expression, timezone,
       overlap, catch_up_ms, jitter_ms, enabled, paused_reason, pause_after, counted_from, created_at,
       updated_at, first_at, next_at, fire_at, owner_template, owner_entry, created_by, revision,
       next_local, next_pass, next_local_at, zone_release, zone_from, zone_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    schedule.id,
    schedule.name,
    schedule.template,
    schedule.version,
    JSON.stringify(schedule.params),
    schedule.agentId,
    schedule.expression,
    schedule.timezone,
    schedule.overlap,
    schedule.catchUpMs,
    schedule.jitterMs,
    schedule.enabled ? 1 : 0,
    schedule.pausedReason,
    schedule.pauseAfter,
    schedule.countedFrom,
    schedule.createdAt,
    schedule.updatedAt,
    schedule.firstAt,
    schedule.nextAt,
    schedule.fireAt,
    schedule.owner?.template ?? null,
    schedule.owner === null ? null : JSON.stringify(schedule.owner.entry),
    schedule.createdBy,
    schedule.revision,
    ...placeValues(schedule.nextLocal),
    schedule.nextAt,
    ...rulesValues(schedule.zoneRules),
  );
  return changes > 0;
}

const COLUMNS: Readonly<Record<Exclude<keyof ScheduleChange, 'entry' | keyof NextTime>, string>> = {
  name: 'name',
  template: 'template',
  version: 'version',
  params: 'params',
  agentId: 'agent_id',
  expression: 'expression',
  timezone: 'timezone',
  overlap: 'overlap',
  catchUpMs: 'catch_up_ms',
  jitterMs: 'jitter_ms',
  enabled: 'enabled',
  pausedReason: 'paused_reason',
  pauseAfter: 'pause_after',
  countedFrom: 'counted_from',
  updatedAt: 'updated_at',
  firstAt: 'first_at',
};

const boundValue = (value: unknown): Value => {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Value);
};

/** Changes the row; `revision` null: whatever it is. Inside a transaction. */
export function changeRow(
  connection: Connection,
  id: string,
  revision: number | null,
  { entry, ...change }: ScheduleChange,
): ChangeOutcome {
  const before = readOne(connection, 'id = ?', id);
  if (before === null || (revision !== null && before.revision !== revision)) {
    return { ok: false, reason: 'changed' };
  }
  if (change.name !== undefined && change.name !== before.name) {
    const other = readOne(connection, 'name = ?', change.name);
    if (other !== null) return { ok: false, reason: 'name_taken' };
  }
  const sets = ['revision = revision + 1'];
  const bindings: Value[] = [];
  for (const key of Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]) {
    if (change[key] === undefined) continue;
    sets.push(`${COLUMNS[key]} = ?`);
    bindings.push(boundValue(change[key]));
  }
  for (const [column, value] of nextColumns(change)) {
    sets.push(`${column} = ?`);
    bindings.push(value);
  }
  if (entry !== undefined) {
    sets.push('owner_entry = ?');
    bindings.push(JSON.stringify(entry));
  }
  connection.run(`UPDATE schedules SET ${sets.join(', ')} WHERE id = ?`, ...bindings, id);
  if (change.enabled === false) skipQueued(connection, id, change.updatedAt);
  const schedule = readOne(connection, 'id = ?', id);
  return schedule === null ? { ok: false, reason: 'changed' } : { ok: true, schedule };
}

/** Removes the row and its occurrences. Inside a transaction. */
export function removeRow(connection: Connection, id: string): boolean {
  connection.run('DELETE FROM occurrences WHERE schedule_id = ?', id);
  return connection.run('DELETE FROM schedules WHERE id = ?', id).changes > 0;
}
