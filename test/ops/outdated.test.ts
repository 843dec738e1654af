/** Templates that were registered before a check was there keep running, and are told. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { examine } from '../../src/app-doctor.ts';
import { loadConfig } from '../../src/config.ts';
import type { Definition } from '../../src/model/definition.ts';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import { NEWER_CHECKS } from '../../src/model/newer-checks.ts';
import { FIRST_RULES } from '../../src/model/rules.ts';
import { definitionHashOf } from '../../src/ops/plans.ts';
import { sha256 } from '../support/test-engine.ts';
import { errorOf, person } from './harness.ts';

let home = '';
let app: App;
const config = () =>
  loadConfig({ flags: {}, env: { PATH: process.env.PATH, HOME: home, OPCODE_HOME: home }, home });

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'opcode-outdated-'));
  app = await openApp(config(), { execute: true });
});
afterEach(async () => {
  await app.close();
  rmSync(home, { recursive: true, force: true });
});

const deps = { random: { sha256, uuid: () => '' } };

/** Puts a template into the store as a program that knew no newer checks did. */
function registerAsBefore(sample: JsonObject): void {
  const inner = sample.definition;
  const packed = inner !== undefined && isJsonObject(inner);
  const definition = (packed ? inner : sample) as unknown as Definition;
  const definitionHash = definitionHashOf(deps, { definition, output_schema: null });
  app.store.putDefinition(definitionHash, { definition, output_schema: null } as never);
  app.store.define({
    name: 'old',
    definitionHash,
    rules: FIRST_RULES,
    pack: {
      name: 'old',
      description: null,
      category: null,
      inputSchema: packed ? (sample.input_schema ?? null) : null,
      outputSchema: null,
      triggers: null,
      definition,
    },
    agentId: null,
    workingDir: null,
    sourceFile: null,
    createdAt: 0,
  });
}

describe.each(Object.entries(NEWER_CHECKS))('%s', (_name, { sample }) => {
  test('only warns of a template that was there before', async () => {
    registerAsBefore(sample);
    const { outdated } = await app.ops.overview(person, {});
    expect(outdated).toMatchObject([{ template: 'old', version: 1 }]);
    const seen = await app.ops.validate(person, { template_name: 'old' });
    expect(seen.issues.map(({ code }) => code)).toContain('NEWER_CHECK');
    const findings: string[] = [];
    await examine({ config: config(), problem: null }, ({ area, text }) =>
      findings.push(`${area}: ${text}`),
    );
    expect(findings).toContain('templates: newer checks would refuse the next version of old v1');
    const again = await app.ops.define(person, { name: 'old', definition: sample });
    expect(again).toMatchObject({ version: 1, created: false });
    expect(again.warnings.map(({ code }) => code)).toContain('NEWER_CHECK');
  });

  test('refuses the next version, and the same text under another name', async () => {
    registerAsBefore(sample);
    const changed = { ...sample, description: 'changed' };
    await errorOf(app.ops.define(person, { name: 'old', definition: changed }), 'VALIDATION_ERROR');
    await errorOf(app.ops.define(person, { name: 'new', definition: sample }), 'VALIDATION_ERROR');
    await errorOf(app.ops.run(person, { definition: sample }), 'VALIDATION_ERROR');
  });
});
