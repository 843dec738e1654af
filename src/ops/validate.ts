/** `validate`: every problem of a workflow, with its place; nothing is registered or run. */

import { FIRST_RULES } from '../model/rules.ts';
import { versionNumber } from '../model/version.ts';
import { firstRulesWarnings } from '../validate/first-rules.ts';
import { readDefinitionValue } from '../validate/read-definition.ts';
import { packageOf } from './define-content.ts';
import { type Checked, check, checkRead, onlyOne } from './definitions.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { planLines } from './plan-lines.ts';
import { validateInput, validateOutput } from './schemas.ts';
import { findTemplate } from './template.ts';

export function createValidate(
  parts: OpsParts,
): Operation<typeof validateInput, typeof validateOutput> {
  return {
    name: 'validate',
    summary: 'Find every problem of a workflow without running it',
    input: validateInput,
    output: validateOutput,
    surfaces: NOT_MCP,
    access: 'read',
    async handle(ctx, { strict, ...given }) {
      onlyOne(given);
      const { template_name, version } = given;
      const { pack, prepared, issues } =
        template_name === undefined
          ? check(parts, ctx, given)
          : registered(parts, template_name, versionNumber(version));
      return {
        valid: prepared !== null && (!strict || issues.length === 0),
        name: pack?.name ?? template_name ?? null,
        issues: [...issues],
        plan: prepared === null ? [] : planLines(prepared.plan),
      };
    },
  };
}

/** A registered template is checked again: actions and limits may have changed since. */
function registered(parts: OpsParts, name: string, version: number | null): Checked {
  const { pack, rules } = findTemplate(parts.store, name, version);
  const read = readDefinitionValue(packageOf(pack), parts.config.limits);
  const checked = checkRead(parts, read, parts.config.workDir, () => true);
  if (rules !== FIRST_RULES) return checked;
  const former = firstRulesWarnings(pack.definition, name);
  return { ...checked, issues: [...checked.issues, ...former] };
}
