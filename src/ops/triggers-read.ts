/**
 * Reading `triggers` of a package: entries as data, and every mistake with its place. The shapes are
 * checked before (`validate/structure.ts`); here it is about what the texts mean.
 */
import type { Issue } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import {
  OVERLAPS,
  type ScheduleCalculator,
  type ScheduleRow,
  type Timed,
  WEBHOOK_FORMS,
  type WebhookForm,
} from '../model/schedule.ts';
import { readVersion, VERSION_FORMS, versionNumber } from '../model/version.ts';
import { DEFAULT_CATCH_UP_MS, readCatchUp, readJitter } from './schedule-texts.ts';

type Fields = Pick<
  ScheduleRow,
  | 'version'
  | 'params'
  | 'expression'
  | 'timezone'
  | 'overlap'
  | 'catchUpMs'
  | 'jitterMs'
  | 'pauseAfter'
  | 'enabled'
> & { readonly agentId: string | undefined };

export interface CronEntry {
  readonly path: string;
  readonly name: string;
  readonly fields: Fields;
  readonly timing: Timed;
  /** As it is written. */
  readonly raw: Json;
}

export interface WebhookEntry {
  readonly path: string;
  readonly name: string;
  readonly secret: string;
  /** Null when the entry does not say: that of the webhook that is there, else `opcode`. */
  readonly form: WebhookForm | null;
  readonly equalBodies: boolean;
}

export interface Entries<T> {
  readonly entries: readonly T[];
  readonly issues: readonly Issue[];
}

const MAX_ENTRIES = 100;
const CRON_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_ .:+-]{0,99}$/u;
const HOOK_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

type Report = (path: string, message: string, hint: string) => void;

function collect<T extends { readonly name: string; readonly path: string }>(
  triggers: JsonObject | null,
  key: 'cron' | 'webhook',
  read: (raw: JsonObject, path: string, index: number, report: Report) => T | null,
): Entries<T> {
  const list = triggers === null ? undefined : ownValue(triggers, key);
  const issues: Issue[] = [];
  const report: Report = (path, message, hint) =>
    issues.push({ path, code: 'VALIDATION_ERROR', message, hint, severity: 'error' });
  if (!isJsonArray(list)) return { entries: [], issues };
  if (list.length > MAX_ENTRIES) {
    report(`triggers.${key}`, `there are more than ${MAX_ENTRIES}`, 'make several templates of it');
    return { entries: [], issues };
  }
  const entries: T[] = [];
  for (const [index, raw] of list.entries()) {
    const path = `triggers.${key}[${index}]`;
    const entry = isJsonObject(raw) ? read(raw, path, index, report) : null;
    if (entry === null) continue;
    if (entries.some(({ name }) => name === entry.name)) {
      report(`${path}.name`, `"${entry.name}" is there twice`, 'give each its own name');
    } else entries.push(entry);
  }
  return { entries, issues };
}

/** The cron entries; one without a name is called by its place: `cron-1`. */
export const cronEntries = (
  calculator: ScheduleCalculator,
  triggers: JsonObject | null,
): Entries<CronEntry> =>
  collect(triggers, 'cron', (raw, path, index, report) => {
    const name = textOf(raw, 'name') ?? `cron-${index + 1}`;
    if (!CRON_NAME.test(name)) {
      report(`${path}.name`, `"${name}" is no name`, 'letters, digits, spaces and _ . : + -');
    }
    const timing = timingOf(calculator, raw, path, report);
    const catchUpMs = durationOf(raw, 'catch_up', path, report, readCatchUp, DEFAULT_CATCH_UP_MS);
    const jitterMs = durationOf(raw, 'jitter', path, report, readJitter, 0) ?? 0;
    const version = versionOf(raw, path, report);
    if (timing === null) return null;
    const params = ownValue(raw, 'params');
    const pauseAfter = ownValue(raw, 'pause_after');
    return {
      path,
      name,
      raw,
      timing: { ...timing, id: '', jitterMs, createdAt: 0, firstAt: null, zoneRules: null },
      fields: {
        ...timing,
        version,
        catchUpMs,
        jitterMs,
        params: params !== undefined && isJsonObject(params) ? params : {},
        agentId: textOf(raw, 'agent_id') ?? undefined,
        overlap: OVERLAPS.find((each) => each === ownValue(raw, 'overlap')) ?? 'skip',
        pauseAfter: typeof pauseAfter === 'number' ? pauseAfter : null,
        enabled: ownValue(raw, 'enabled') !== false,
      },
    };
  });

function timingOf(
  calculator: ScheduleCalculator,
  raw: JsonObject,
  path: string,
  report: Report,
): Pick<ScheduleRow, 'expression' | 'timezone'> | null {
  const expression = textOf(raw, 'expression');
  if (expression === null) return null;
  // A time that has passed is no mistake in a template that is defined again.
  const read = calculator.read({ expression, timezone: textOf(raw, 'timezone') }, 0);
  if (read.ok) return { expression: read.expression, timezone: read.timezone };
  report(`${path}.${read.field}`, read.message, read.hint);
  return null;
}

function durationOf<T>(
  raw: JsonObject,
  key: string,
  path: string,
  report: Report,
  read: (text: string) => { ms: T } | { problem: string },
  fallback: T,
): T {
  const value = ownValue(raw, key);
  if (value === undefined) return fallback;
  const result = read(
    value === 0 ? '0' : typeof value === 'string' ? value : JSON.stringify(value),
  );
  if ('ms' in result) return result.ms;
  report(`${path}.${key}`, result.problem, 'a duration such as "30s" or "1h"');
  return fallback;
}

function versionOf(raw: JsonObject, path: string, report: Report): number | null {
  const version = ownValue(raw, 'version');
  if (version === undefined || version === null) return null;
  const read = readVersion(version);
  if (read !== null) return versionNumber(read);
  report(`${path}.version`, `it is not ${VERSION_FORMS}`, 'leave it out for the newest');
  return null;
}

/** The webhook entries. */
export const webhookEntries = (triggers: JsonObject | null): Entries<WebhookEntry> =>
  collect(triggers, 'webhook', (raw, path, _index, report) => {
    const name = textOf(raw, 'name');
    const secret = textOf(raw, 'secret');
    if (name === null || secret === null) return null;
    if (!HOOK_NAME.test(name)) {
      const hint = `letters, digits and . _ -: its address is /hooks/${name.slice(0, 40)}`;
      report(`${path}.name`, `"${name}" cannot stand in an address`, hint);
    }
    if (!SECRET_NAME.test(secret)) {
      const hint = 'put the value into a secret and write its name here';
      report(`${path}.secret`, 'it must be the name of a secret, not its value', hint);
    }
    const form = WEBHOOK_FORMS.find((each) => each === ownValue(raw, 'form')) ?? null;
    const equalBodies = ownValue(raw, 'equal_bodies') === true;
    if (equalBodies && form !== 'forge') {
      const hint = 'write form: forge beside it, or leave it out';
      report(`${path}.equal_bodies`, 'only for webhooks of the form "forge"', hint);
    }
    return { path, name, secret, form, equalBodies };
  });

function textOf(object: JsonObject, key: string): string | null {
  const value = ownValue(object, key);
  return typeof value === 'string' ? value : null;
}
