/** `validate`: every problem of a workflow, with its place; nothing is registered or run. */

import type { JsonObject } from '../model/json.ts';
import { versionNumber } from '../model/version.ts';
import { check } from './definitions.ts';
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
    async handle(ctx, { strict, template_name, version, ...given }) {
      const { pack, prepared, issues } = check(
        parts,
        ctx,
        template_name === undefined
          ? given
          : { ...given, definition: definitionOf(parts, template_name, versionNumber(version)) },
      );
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
const definitionOf = ({ store }: OpsParts, name: string, version: number | null): JsonObject =>
  findTemplate(store, name, version).pack.definition as unknown as JsonObject;
