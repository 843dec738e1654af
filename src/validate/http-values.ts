/** Bodies of http actions that were written as text although they are JSON. */
import { paramsOfStep } from '../core/graph-action.ts';
import type { ActionRegistry } from '../model/action.ts';
import type { Definition } from '../model/definition.ts';
import type { Issue } from '../model/issue.ts';
import { warningAt } from './issues.ts';
import { stepsOf } from './walk.ts';

/** Warnings about bodies; paths are relative to the definition. */
export function checkHttpValues(definition: Definition, actions: ActionRegistry): Issue[] {
  const issues: Issue[] = [];
  for (const { def, path } of stepsOf(definition)) {
    if ((def.type ?? 'action') !== 'action' || def.action?.startsWith('http.') !== true) continue;
    const { params, pathOf } = paramsOfStep(definition.defaults, actions, def, path);
    const { body, body_encoding: encoding = 'json' } = params;
    if (encoding !== 'json' || typeof body !== 'string') continue;
    const message = problemOf(body);
    const hint = 'write `body` as an object or a list: values in it are quoted as JSON wants it';
    if (message !== null) issues.push(warningAt(pathOf('body'), 'JSON_TEXT', message, hint));
  }
  return issues;
}

function problemOf(body: string): string | null {
  const text = body.trim();
  if (!/^[[{]/.test(text)) return null;
  if (body.includes('${{')) {
    return 'values are put into this JSON text as they are: a quote in one changes the document';
  }
  return isJson(text) ? 'this text is JSON already and is sent as it is' : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Not JSON is an ordinary answer here.
    return false;
  }
}
