/**
 * The shape of `concurrency`: a group of the workflow's own with `key` and `limit`, or a global group
 * of the settings, which state its limit.
 */
import type { Definition } from '../model/definition.ts';
import type { Issue } from '../model/issue.ts';
import { isJsonObject } from '../model/json.ts';
import {
  type Field,
  type Fields,
  fail,
  name,
  oneOf,
  type Reader,
  shapeOf,
  whole,
} from './fields.ts';
import { warningAt } from './issues.ts';

const field = (read: Reader): Field => ({ read });
const required = (read: Reader, what: string): Field => ({ read, required: what });

const WHEN_FULL: Fields = { when_full: field(oneOf(['queue', 'reject', 'replace'])) };

const ofItsOwn = shapeOf('concurrency', {
  ...WHEN_FULL,
  group: field(name),
  key: required(name, 'runs with the same key are counted together'),
  limit: required(whole(1), 'how many run at once'),
});

const ofSettings = shapeOf('concurrency', {
  ...WHEN_FULL,
  group: required(name, 'a group of the settings'),
  key: field(name),
  limit: field(() => undefined),
});

/** Reads `{key, limit, when_full?}` or `{group, key?, when_full?}`. */
export const concurrency: Reader = (reading, value, path) => {
  if (!isJsonObject(value) || value.group === undefined) return ofItsOwn(reading, value, path);
  const read = ofSettings(reading, value, path);
  if (value.limit === undefined) return read;
  const hint = `leave it out; the setting limits.groups.${String(value.group)} states the limit`;
  fail(
    reading,
    [...path, 'limit'],
    'the limit of a global group is not the workflow’s to state',
    hint,
  );
  return read;
};

/** A global group that these settings do not have: no run of it starts until they do. */
export function groupWarnings(
  { concurrency: given }: Definition,
  known: readonly string[],
): readonly Issue[] {
  const group = given?.group;
  if (group === undefined || known.includes(group)) return [];
  const hint = `set limits.groups.${group}; until then a run is refused`;
  const message = `the settings have no group "${group}"`;
  return [warningAt(['concurrency', 'group'], 'UNKNOWN_GROUP', message, hint)];
}
