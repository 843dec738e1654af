/** `template`: one version of a template whole, with its definition and schemas. */

import { nearestName } from '../core/graph-nearest.ts';
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import { type JsonObject, ownValue } from '../model/json.ts';
import type { Store, TemplateRow } from '../model/store.ts';
import { versionNumber } from '../model/version.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { planLines } from './plan-lines.ts';
import { templateInput, templateView } from './schemas.ts';
import { templateSummaryOf } from './wire.ts';

/** @throws NOT_FOUND naming what there is */
export function findTemplate(store: Store, name: string, version: number | null): TemplateRow {
  const found = store.template(name, version);
  if (found !== null) return found;
  const newest = store.template(name, null);
  if (newest !== null) {
    throw new AppError('NOT_FOUND', `template "${name}" has no version ${version}`, {
      hint: `its versions are 1 to ${newest.version}`,
    });
  }
  throw new AppError('NOT_FOUND', `there is no template "${name}"`, {
    hint: nearHint(store.templateNames(), name),
  });
}

function nearHint(names: readonly string[], name: string): string {
  const near = nearestName(name, names);
  const all = new Set([
    ...(near === null ? [] : [near]),
    ...names.filter((each) => isNear(each, name)),
  ]);
  return all.size > 0
    ? `did you mean ${[...all].slice(0, 3).join(', ')}?`
    : '`opcode query templates` lists them; a file needs its path, such as ./flow.yaml';
}

/** The name a package gives itself, else its definition's `metadata.name`. */
export function packageName(pack: WorkflowPackage): string | null {
  const own = ownValue(pack.definition.metadata ?? {}, 'name');
  return pack.name ?? (typeof own === 'string' ? own : null);
}

const isNear = (known: string, wanted: string): boolean => {
  const [a, b] = [known.toLowerCase(), wanted.toLowerCase()];
  return a.includes(b) || b.includes(a) || a.slice(0, 4) === b.slice(0, 4);
};

export function createTemplate(
  parts: OpsParts,
): Operation<typeof templateInput, typeof templateView> {
  const { store, plans } = parts;
  return {
    name: 'template',
    summary: 'Show one version of a template with its definition and schemas',
    input: templateInput,
    output: templateView,
    surfaces: NOT_MCP,
    access: 'read',
    async handle(_ctx, input) {
      const row = findTemplate(store, input.template_name, versionNumber(input.version));
      const newest = findTemplate(store, input.template_name, null);
      return {
        ...templateSummaryOf(row),
        latest_version: newest.version,
        working_dir: row.workingDir,
        definition_hash: row.definitionHash,
        input_schema: row.pack.inputSchema,
        output_schema: row.pack.outputSchema,
        triggers: row.pack.triggers,
        definition: row.pack.definition as unknown as JsonObject,
        plan: planLines(plans.plan(row)),
      };
    },
  };
}
