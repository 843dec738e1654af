/**
 * Texts that look like templates of other systems (`{{inputs.x}}`, `${steps.a.output}`) and are sent as
 * they stand: told with what is written here instead.
 */
import type { Issue } from '../model/issue.ts';
import type { JsonObject } from '../model/json.ts';
import { warningAt } from './issues.ts';
import type { PlannedStep } from './plan-walk.ts';
import { type TextPlace, textsOfStep } from './text-walk.ts';

const ROOT = '(?:steps|inputs|context|loop|iter|workflow|secrets)';
const PATH = '(?:\\.[\\w-]+|\\[[^\\][]{1,80}\\])';
/** A whole path of ours in the braces of others. */
const ROOTED = new RegExp(
  `(?<![$\\\\])\\{\\{-?\\s*(${ROOT}${PATH}+)\\s*-?\\}\\}|(?<!\\$)\\$\\{\\s*(${ROOT}${PATH}+)\\s*\\}`,
  'g',
);
/** A single name in the braces of others. */
const NAMED = /(?<![$\\])\{\{-?\s*([A-Za-z_][\w-]*)\s*-?\}\}|(?<!\$)\$\{\s*([A-Za-z_][\w-]*)\s*\}/g;

const MAX_TOLD = 50;

export interface KnownNames {
  readonly inputs: ReadonlySet<string>;
  readonly steps: ReadonlySet<string>;
}

/** Warnings of the texts of all steps, and of the texts beside them. */
export function plainTemplates(
  steps: readonly PlannedStep[],
  beside: readonly TextPlace[],
  known: KnownNames,
): Issue[] {
  const issues: Issue[] = [];
  const look = (place: TextPlace, isShell: boolean): void => {
    if (issues.length < MAX_TOLD) issues.push(...warningsOf(place, known, isShell));
  };
  for (const { def, path } of steps) {
    for (const place of textsOfStep(def, path)) look(place, isShellText(def as never, place));
  }
  for (const place of beside) {
    look(place, false);
    if (issues.length < MAX_TOLD) issues.push(...prefixWarning(place));
  }
  return issues;
}

/** The prefix of an engine, which only params and guards have. */
const PREFIXED = /^\s*(cel|expr|jq):\s*(\S.*)$/s;
/** What a step computes with an engine, by its prefix. */
const COMPUTED: Readonly<Record<string, string>> = { expr: 'expr.eval', jq: 'jq' };

function prefixWarning({ text, path }: TextPlace): Issue[] {
  const [, prefix = '', expression = ''] = PREFIXED.exec(text) ?? [];
  if (prefix === '' || !/\b(?:steps|inputs|context|workflow)\b/.test(expression)) return [];
  const action = COMPUTED[prefix];
  const hint =
    action === undefined
      ? `write \`\${{ ${expression} }}\``
      : `write CEL, such as \`\${{ size(steps.X.result) }}\`, or compute it in a step of the action ${action}`;
  const message = `\`${prefix}:\` computes nothing here: the text stays as it is`;
  return [warningAt(path, 'PLAIN_TEMPLATE', message, hint)];
}

/** A shell has `${name}` of its own, and its commands have their own templates. */
const isShellText = (def: JsonObject, { path }: TextPlace): boolean =>
  def.run !== undefined || def.action === 'shell.exec' ? !path.includes('env') : false;

function warningsOf({ text, path }: TextPlace, known: KnownNames, isShell: boolean): Issue[] {
  if (!text.includes('{')) return [];
  const found = new Map<string, string>();
  for (const match of text.matchAll(ROOTED)) found.set(match[0], match[1] ?? match[2] ?? '');
  if (!isShell) {
    for (const match of text.matchAll(NAMED)) {
      const meant = meaningOf(match[1] ?? match[2] ?? '', known);
      if (meant !== null) found.set(match[0], meant);
    }
  }
  return [...found].map(([written, meant]) =>
    warningAt(
      path,
      'PLAIN_TEMPLATE',
      `\`${written}\` is plain text here, it is not replaced`,
      `write \`\${{${meant}}}\``,
    ),
  );
}

function meaningOf(name: string, { inputs, steps }: KnownNames): string | null {
  if (inputs.has(name)) return `inputs.${name}`;
  if (steps.has(name)) return `steps.${name}.output`;
  return name === 'item' ? 'loop.item' : null;
}
