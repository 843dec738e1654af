/**
 * Inputs that a workflow reads and that nobody has to give: names that its schema does not have, and
 * those that are neither required nor have a default. A read that says what holds without them is fine.
 */
import { suggestion } from '../core/graph-nearest.ts';
import type { WorkflowPackage } from '../model/definition.ts';
import type { Reference } from '../model/expression.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import { warningAt } from './issues.ts';
import { type PlannedStep, referencesOf } from './plan-walk.ts';
import { type TextPlace, textsBeside, textsOfStep } from './text-walk.ts';

export interface DeclaredInputs {
  /** Names of the schema's properties; null when the schema does not say all it takes. */
  readonly names: ReadonlySet<string> | null;
  /** Names that every run has: required ones, and those with a default. */
  readonly sure: ReadonlySet<string>;
}

/** What a schema and the definition's own inputs say of the inputs of a run. */
export function declaredInputs({
  inputSchema,
  definition,
}: Pick<WorkflowPackage, 'inputSchema' | 'definition'>): DeclaredInputs {
  const own = Object.keys(definition.inputs ?? {});
  if (inputSchema === null || !isJsonObject(inputSchema)) {
    return { names: null, sure: new Set(own) };
  }
  const found = ownValue(inputSchema, 'properties');
  const properties: JsonObject = found !== undefined && isJsonObject(found) ? found : {};
  const required = ownValue(inputSchema, 'required');
  const needed = required !== undefined && isJsonArray(required) ? required.map(String) : [];
  const preset = Object.keys(properties).filter((name) => {
    const property = properties[name] as Json;
    return isJsonObject(property) && Object.hasOwn(property, 'default');
  });
  const isOpen = OPEN.some((key) => Object.hasOwn(inputSchema, key));
  const free = ownValue(inputSchema, 'additionalProperties');
  const saysAll = found !== undefined && !isOpen && (free === undefined || free === false);
  return {
    names: saysAll ? new Set([...Object.keys(properties), ...own]) : null,
    sure: new Set([...own, ...needed, ...preset]),
  };
}

/** Keywords with which a schema takes more names than its properties. */
const OPEN = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'patternProperties', 'dependentSchemas'];

/** A place that reads an input and says nothing of what holds without it. */
export interface OpenRead {
  readonly name: string;
  readonly path: IssuePath;
}

const GUARD =
  /\?\?|\?\.|\.\?|\/\/|\bhas\(|\bget\(|\borValue\(|\bin\s+inputs\b|[!=]=\s*(?:null|nil)/;

/** The first open read of each input. */
export function openReads(
  { definition }: Pick<WorkflowPackage, 'definition'>,
  plan: Plan,
  steps: readonly PlannedStep[],
): OpenRead[] {
  const found = new Map<string, OpenRead>();
  const look = (places: readonly TextPlace[], references: readonly Reference[]): void => {
    for (const name of namesRead(references)) {
      const place = found.has(name) ? undefined : places.find(({ text }) => reads(text, name));
      if (place !== undefined) found.set(name, { name, path: place.path });
    }
  };
  for (const step of steps) {
    if (isGuarded(step)) continue;
    look(textsOfStep(step.def, step.path), referencesOf(step.plan));
  }
  look(textsBeside(definition), plan.output?.references ?? []);
  return [...found.values()];
}

const namesRead = (references: readonly Reference[]): ReadonlySet<string> =>
  new Set(
    references.flatMap(([root, name]) => (root === 'inputs' && name !== undefined ? [name] : [])),
  );

/** Whether a text reads an input without saying what holds when it is missing. */
function reads(text: string, name: string): boolean {
  if (!text.includes('inputs') || !text.includes(name)) return false;
  return !GUARD.test(text) && !/^\s*jq:/.test(text);
}

/** A guard of the step, or around it, that asks about inputs. */
function isGuarded(step: PlannedStep): boolean {
  for (let at: PlannedStep | null = step; at !== null; at = at.owner) {
    const texts = [at.def.condition, at === step ? undefined : at.def.config?.expression];
    if (texts.some((text) => text?.includes('inputs') === true && GUARD.test(text))) return true;
  }
  return false;
}

/** Warnings of reads that a run may not be able to make. */
export function inputWarnings(
  pack: Pick<WorkflowPackage, 'inputSchema' | 'definition' | 'triggers'>,
  open: readonly OpenRead[],
): Issue[] {
  const { names, sure } = declaredInputs(pack);
  if (pack.inputSchema === null) return ungivenInputs(pack, open, sure);
  return open.flatMap(({ name, path }) => {
    if (names !== null && !names.has(name)) {
      const there =
        names.size === 0 ? 'there is none' : `there is ${[...names].slice(0, 10).join(', ')}`;
      const hint = suggestion(name, names) ?? 'declare it in `input_schema.properties`';
      const message = `the input schema has no "${name}": ${there}`;
      return [warningAt(path, 'UNDECLARED_INPUT', message, hint)];
    }
    if (names === null || sure.has(name)) return [];
    const hint = `require it, give it a default, or say what holds without it: \`inputs.${name} ?? ''\``;
    return [
      warningAt(path, 'OPTIONAL_INPUT', `inputs.${name} may be missing: the step then fails`, hint),
    ];
  });
}

/** Without a schema nothing else tells that a schedule starts runs that cannot read what they need. */
function ungivenInputs(
  { triggers }: Pick<WorkflowPackage, 'triggers'>,
  open: readonly OpenRead[],
  sure: ReadonlySet<string>,
): Issue[] {
  const cron = triggers === null ? undefined : ownValue(triggers, 'cron');
  const entries = cron !== undefined && isJsonArray(cron) ? cron.filter(isJsonObject) : [];
  return open.flatMap(({ name, path }) => {
    const without = entries.filter(({ params }) => {
      return !isJsonObject(params ?? null) || !Object.hasOwn(params as JsonObject, name);
    });
    const [entry] = without;
    if (sure.has(name) || entry === undefined) return [];
    const which = typeof entry.name === 'string' ? `the schedule "${entry.name}"` : 'a schedule';
    const message = `${which} does not give inputs.${name}: the step fails in its runs`;
    const hint = `write it into the schedule's \`params\`, or into \`inputs\` of the definition`;
    return [warningAt(path, 'UNGIVEN_INPUT', message, hint)];
  });
}

/** Params beside the declared ones, which nothing reads by that name; an error is told by the schema. */
export function unknownParams(
  pack: Pick<WorkflowPackage, 'inputSchema' | 'definition'>,
  params: JsonObject,
  path: IssuePath,
): Issue[] {
  const { names } = declaredInputs(pack);
  if (names === null || names.size === 0) return [];
  return Object.keys(params)
    .filter((name) => !names.has(name))
    .map((name) =>
      warningAt(
        [...path, name],
        'UNKNOWN_PARAM',
        `the input schema has no "${name}"`,
        suggestion(name, names) ?? `there is ${[...names].slice(0, 10).join(', ')}`,
      ),
    );
}
