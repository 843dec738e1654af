/** Checks that are newer than the first rules: errors for a new text, warnings for a registered one. */
import { describe, expect, test } from 'bun:test';
import { compilePlan } from '../../src/core/graph.ts';
import { asDefinitionHash } from '../../src/model/ids.ts';
import { NEWER_CHECKS } from '../../src/model/newer-checks.ts';
import { FIRST_RULES, rulesOf } from '../../src/model/rules.ts';
import { validateWorkflow } from '../../src/validate/validate-workflow.ts';
import { check, errorsOf, validateDeps } from './support.ts';

describe.each(Object.entries(NEWER_CHECKS))('%s', (name, { sample }) => {
  test('refuses its sample', () => {
    expect(errorsOf(check(sample)).length).toBeGreaterThan(0);
  });

  test('warns of its sample when that is registered, which still has a plan', () => {
    const { issues, plan, pack } = validateWorkflow(sample, validateDeps, {
      isRegistered: () => true,
    });
    expect(errorsOf(issues)).toEqual([]);
    expect(issues.map(({ code }) => code)).toContain('NEWER_CHECK');
    expect(plan).not.toBeNull();
    if (pack === null) throw new Error(`${name} has no definition`);
    const compiled = compilePlan(pack.definition, {
      ...validateDeps,
      hash: asDefinitionHash('0'.repeat(64)),
      outputSchema: null,
      rules: rulesOf(FIRST_RULES),
    });
    expect(compiled.plan).not.toBeNull();
  });
});
