/** Reading `limits.groups`: the global groups of `concurrency` and how many runs of each work at once. */
import { isJsonObject, type Json } from './json.ts';
import type { SettingProblem } from './notice-settings.ts';

const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Limits by group name, and what is wrong with the rest. */
export function readGroupLimits(raw: unknown): {
  readonly value: Readonly<Record<string, number>>;
  readonly problems: readonly SettingProblem[];
} {
  const value: Record<string, number> = Object.create(null);
  const problems: SettingProblem[] = [];
  if (!isJsonObject(raw as Json)) {
    problems.push({
      path: '',
      message: 'must be an object of limits by group, such as {"gpu": 2}',
    });
    return { value, problems };
  }
  for (const [name, limit] of Object.entries(raw as Record<string, Json>)) {
    if (!GROUP_NAME.test(name)) {
      const message = 'is no name for a group: letters, digits, - and _, at most 64';
      problems.push({ path: `.${name}`, message });
    } else if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1) {
      const message = `must be a whole number, 1 or more, not ${JSON.stringify(limit)}`;
      problems.push({ path: `.${name}`, message });
    } else value[name] = limit;
  }
  return { value: { ...value }, problems };
}
