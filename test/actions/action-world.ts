/**
 * What an action is called with in tests: open policies, a real clock, everything overridable.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkParams } from '../../src/actions/check-params.ts';
import type { ActionDeps } from '../../src/actions/deps.ts';
import { createMasker } from '../../src/isolate/mask.ts';
import {
  type ActionContext,
  type ActionDef,
  type ActionResult,
  DEFAULT_ACTION_LIMITS,
  type EffectAction,
  type InlineAction,
} from '../../src/model/action.ts';
import { AppError } from '../../src/model/error.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { checkWithSchema } from '../../src/validate/schema-check.ts';

/** Dependencies that allow everything and run nothing. */
export function openDeps(changes: Partial<ActionDeps> = {}): ActionDeps {
  return {
    paths: { check: () => null },
    deniedPaths: [],
    openPaths: [],
    systemPaths: [],
    egress: { allow: () => null },
    commands: {
      prepare() {
        throw new Error('no commands in this test');
      },
    },
    checkSchema: checkWithSchema,
    ...changes,
  };
}

export function actionContext(changes: Partial<ActionContext> = {}): ActionContext {
  return {
    runId: 'run-1',
    path: 'step',
    attempt: 1,
    idempotencyKey: createHash('sha256').update('run-1').digest('hex').slice(0, 32),
    repeat: false,
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp' },
    timeoutMs: null,
    signal: new AbortController().signal,
    onOutput: () => undefined,
    secrets: [],
    masker: () => createMasker([]),
    limits: DEFAULT_ACTION_LIMITS,
    nowMs: () => Date.now(),
    randomUuid: () => crypto.randomUUID(),
    ...changes,
  };
}

export const find = (actions: readonly ActionDef[], name: string): ActionDef => {
  const def = actions.find((action) => action.name === name);
  if (def === undefined) throw new Error(`no action ${name}`);
  return def;
};

/** The params as the engine would hand them over; throws what the engine would fail the step with. */
function checked(def: ActionDef, params: JsonObject): JsonObject {
  const result = checkParams(def, params);
  if (result.ok) return result.params;
  throw new AppError('VALIDATION_ERROR', result.problems.map(({ message }) => message).join('; '));
}

export function callInline(
  def: ActionDef,
  params: JsonObject,
  context: JsonObject = {},
): ActionResult {
  if (def.inline !== true) throw new Error(`${def.name} is not inline`);
  return (def as InlineAction).run(checked(def, params), {
    runId: 'run-1',
    path: 'step',
    nowMs: 0,
    context,
    randomUuid: () => '00000000-0000-4000-8000-000000000000',
  });
}

/** Runs an effect action the way the engine does, through `prepare` where there is one. */
export async function call(
  def: ActionDef,
  params: JsonObject,
  changes: Partial<ActionContext> = {},
  hidden: JsonObject = {},
): Promise<Json> {
  if (def.inline !== false) throw new Error(`${def.name} is no effect action`);
  const effect = def as EffectAction;
  const context = actionContext(changes);
  const all = { ...checked(def, params), ...hidden };
  const prepared = effect.prepare?.(all, context);
  const result =
    prepared === undefined ? await effect.run(all, context) : await prepared.run(context);
  return result.output;
}

/** What a call fails with. */
export async function failureOf(run: () => unknown): Promise<AppError> {
  try {
    await run();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('it did not fail');
}

/** A fresh folder; `remove` takes it away. */
export function tempFolder(): { readonly path: string; readonly remove: () => void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'opcode-actions-')));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
