/**
 * What a text means under the first rules and no longer means: told when a registered version keeps them.
 */
import type { Definition, RetryDef } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { warningAt } from './issues.ts';
import { stepsOf } from './walk.ts';

/** Warnings about a version that keeps the first rules; paths are relative to the definition. */
export function firstRulesWarnings(definition: Definition, name: string): Issue[] {
  const found = [...stepsOf(definition)].flatMap(({ def, path }) =>
    ignoredDelay(def.retry, [...path, 'retry'], name),
  );
  return [...found, ...ignoredDelay(definition.defaults?.retry, ['defaults', 'retry'], name)];
}

function ignoredDelay(retry: RetryDef | undefined, path: IssuePath, name: string): Issue[] {
  if (retry?.delay === undefined || retry.backoff !== undefined) return [];
  const message =
    'this version has rules 1, by which `delay` without `backoff` is ignored: it tries again at once';
  const hint = `write \`backoff: "constant"\`, or give the text newer rules: opcode define --rules 2 ${name}`;
  return [warningAt([...path, 'delay'], 'DELAY_IGNORED', message, hint)];
}
