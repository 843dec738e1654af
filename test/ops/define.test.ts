/** Defining, validating, showing templates; who may. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { agent, errorOf, type Harness, noop, openHarness, person, steps } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

const define = (input: Parameters<Harness['ops']['define']>[1], ctx = person) =>
  harness.ops.define(ctx, input);

describe('defining', () => {
  test('registers version 1 with its plan', async () => {
    expect(await define({ name: 't', definition: steps(noop('a')) })).toEqual({
      name: 't',
      version: 1,
      created: true,
      archived: false,
      previous_version: null,
      warnings: [],
      plan: ['1. a  test.noop'],
      diff: [],
    });
  });

  test('the same again answers with the version that is there', async () => {
    await define({ name: 't', definition: { steps: [noop('a', { x: 1, y: 2 })] as never } });
    const again = await define({
      name: 't',
      definition: { steps: [noop('a', { y: 2, x: 1 })] as never },
    });
    expect(again).toMatchObject({ version: 1, created: false, diff: [] });
  });

  test('a change makes a new version and shows what changed', async () => {
    await define({ name: 't', definition: steps(noop('a', 'old'), noop('b')) });
    const changed = await define({ name: 't', definition: steps(noop('a', 'new'), noop('b')) });
    expect(changed).toMatchObject({ version: 2, created: true, previous_version: 1 });
    expect(changed.diff.filter((line) => /^[-+]/.test(line))).toEqual([
      expect.stringMatching(/^- .*"value": "old"$/),
      expect.stringMatching(/^\+ .*"value": "new"$/),
    ]);
  });

  test('schemas and descriptions given beside the definition belong to the template', async () => {
    const input_schema = { type: 'object', properties: { n: { type: 'integer' } } };
    await define({ name: 't', definition: steps(noop('a')), input_schema, description: 'does a' });
    const shown = await harness.ops.template(person, { template_name: 't' });
    expect(shown).toMatchObject({ input_schema, description: 'does a', version: 1 });
    await errorOf(
      harness.ops.run(person, { template_name: 't', params: { n: 'x' } }),
      'VALIDATION_ERROR',
    );
  });

  test('another output schema over the same steps is another definition', async () => {
    const definition = steps(noop('a'));
    const first = await define({ name: 't', definition });
    const second = await define({ name: 't', definition, output_schema: { type: 'string' } });
    expect([first.version, second.version]).toEqual([1, 2]);
    const [one, two] = await Promise.all(
      [1, 2].map((version) => harness.ops.template(person, { template_name: 't', version })),
    );
    expect(one?.definition_hash).not.toBe(two?.definition_hash ?? '');
  });

  test('takes the name of the package when none is given', async () => {
    const definition = { name: 'from package', definition: steps(noop('a')) };
    expect(await define({ definition })).toMatchObject({ name: 'from package', version: 1 });
    await errorOf(define({ definition: steps(noop('a')) }), 'VALIDATION_ERROR');
  });

  test('refuses names that would be taken for files, options or references', async () => {
    for (const name of ['a/b', 'flow.json', 'x.yaml', '@last', '-x', ' a', '', 'a\nb']) {
      await errorOf(define({ name, definition: steps(noop('a')) }), 'VALIDATION_ERROR');
    }
  });

  test('with validate_only registers nothing', async () => {
    const input = { name: 't', definition: steps(noop('a')), validate_only: true };
    expect(await define(input)).toMatchObject({ version: null, created: false });
    expect(harness.store.templateNames()).toEqual([]);
  });

  test('what is wrong is refused with issues, and nothing is registered', async () => {
    const error = await errorOf(
      define({ name: 't', definition: steps({ id: '1x', action: 'test.noop' }) }),
      'VALIDATION_ERROR',
    );
    expect((error.details as { issues: unknown[] }).issues.length).toBeGreaterThan(0);
    expect(harness.store.templateNames()).toEqual([]);
  });
});

describe('edits', () => {
  beforeEach(() => define({ name: 't', definition: steps(noop('a'), noop('b')) }));

  test('change, add and remove by path, with ids for indices', async () => {
    const edited = await define({
      name: 't',
      edits: [
        { path: 'steps.a.params.value', value: 7 },
        { path: 'steps[1]', remove: true },
        { path: 'steps.-', value: noop('c') as never },
        { path: 'metadata.name', value: 'edited' },
      ],
    });
    expect(edited).toMatchObject({ version: 2, plan: ['1. a  test.noop', '2. c  test.noop'] });
    const { definition } = await harness.ops.template(person, { template_name: 't' });
    expect(definition).toMatchObject({
      steps: [{ id: 'a', params: { value: 7 } }, { id: 'c' }],
      metadata: { name: 'edited' },
    });
  });

  test('from an older base are a conflict', async () => {
    await define({ name: 't', edits: [{ path: 'steps.a.params.value', value: 1 }] });
    const edits = [{ path: 'steps.b.params.value', value: 1 }];
    const error = await errorOf(define({ name: 't', base: 1, edits }), 'CONFLICT');
    expect(error.message).toContain('is 2');
    expect(await define({ name: 't', base: 2, edits })).toMatchObject({ version: 3 });
  });

  test('that fit nothing say what is there', async () => {
    const edits = [{ path: 'steps.zzz.params', remove: true }];
    const error = await errorOf(define({ name: 't', edits }), 'VALIDATION_ERROR');
    expect(error.message).toContain('edits[0]');
    expect(error.hint).toContain('a, b');
    const both = [{ path: 'steps', value: [], remove: true }];
    await errorOf(define({ name: 't', edits: both }), 'VALIDATION_ERROR');
    await errorOf(define({ name: 't', edits: [{ path: 'steps' }] }), 'VALIDATION_ERROR');
  });

  test('of an unknown template are NOT_FOUND', async () => {
    await errorOf(define({ name: 'u', edits: [{ path: 'a', value: 1 }] }), 'NOT_FOUND');
  });
});

describe('archiving', () => {
  test('hides a template and refuses to run it until it is back', async () => {
    await define({ name: 't', definition: steps(noop('a')) });
    expect(await define({ name: 't', archived: true })).toMatchObject({ archived: true });
    expect((await harness.ops.query(person, { resource: 'templates' })).templates).toEqual([]);
    await errorOf(harness.ops.run(person, { template_name: 't' }), 'CONFLICT');
    const told = await define({ name: 't', archived: false, description: 'new' });
    expect(told.warnings).toMatchObject([{ path: 'description', code: 'NO_EFFECT' }]);
    expect(await harness.ops.run(person, { template_name: 't' })).toMatchObject({
      status: 'completed',
      output: { a: { value: 'a' } },
    });
  });
});

describe('ownership', () => {
  test('only the first owner and operators add versions', async () => {
    await define({ name: 't', definition: steps(noop('a')) }, agent('ann'));
    await errorOf(
      define({ name: 't', definition: steps(noop('b')) }, agent('bob')),
      'PERMISSION_DENIED',
    );
    await errorOf(define({ name: 't', archived: true }, agent('bob')), 'PERMISSION_DENIED');
    await define({ name: 't', definition: steps(noop('b')) }, agent('op', 'operator'));
    const mine = await define({ name: 't', definition: steps(noop('c')) }, agent('ann'));
    expect(mine.version).toBe(3);
  });

  test('an agent cannot claim another’s name by an argument', async () => {
    await define({ name: 't', definition: steps(noop('a')) }, agent('ann'));
    await errorOf(
      define({ name: 't', agent_id: 'ann', definition: steps(noop('b')) }, agent('bob')),
      'PERMISSION_DENIED',
    );
  });

  test('viewers define nothing', async () => {
    await errorOf(
      define({ name: 't', definition: steps(noop('a')) }, agent('v', 'viewer')),
      'PERMISSION_DENIED',
    );
  });
});

describe('templates', () => {
  test('run in any version, the newest by default', async () => {
    await define({ name: 't', definition: steps(noop('a', 1)) });
    await define({ name: 't', definition: steps(noop('a', 2)) });
    const output = async (version?: number) => {
      const input = version === undefined ? {} : { version };
      const result = await harness.ops.run(person, { template_name: 't', ...input });
      return 'output' in result ? result.output : null;
    };
    expect(await output()).toEqual({ a: { value: 2 } });
    expect(await output(1)).toEqual({ a: { value: 1 } });
    const error = await errorOf(
      harness.ops.run(person, { template_name: 't', version: 9 }),
      'NOT_FOUND',
    );
    expect(error.hint).toContain('1 to 2');
  });

  test('that are unknown suggest what is near', async () => {
    await define({ name: 'deploy-web', definition: steps(noop('a')) });
    const error = await errorOf(
      harness.ops.run(person, { template_name: 'deploy-wbe' }),
      'NOT_FOUND',
    );
    expect(error.hint).toContain('deploy-web');
  });
});

describe('validating', () => {
  const validate = (definition: object, more = {}) =>
    harness.ops.validate(person, { definition: definition as never, ...more });

  test('tells every problem without failing', async () => {
    const result = await validate({
      steps: [
        { id: 'a', action: 'nope' },
        { id: 'b', action: 'test.noop', timeout: '30', colour: 1 },
      ],
    });
    expect(result.valid).toBe(false);
    expect(result.plan).toEqual([]);
    const paths = result.issues.map((issue) => issue.path);
    expect(paths).toContain('steps[0].action');
    expect(paths).toContain('steps[1].timeout');
    expect(paths.some((path) => path.includes('colour'))).toBe(true);
  });

  test('gives a valid one its plan', async () => {
    const result = await validate(steps(noop('a')));
    expect(result).toEqual({ valid: true, name: null, issues: [], plan: ['1. a  test.noop'] });
  });

  test('strict counts warnings', async () => {
    const loose = {
      steps: [
        {
          id: 'l',
          type: 'loop',
          config: { mode: 'while', condition: 'iter.index < 2', body: [noop('a')] },
        },
      ],
    };
    const result = await validate(loose);
    expect(result.valid).toBe(true);
    expect(result.issues[0]).toMatchObject({ severity: 'warning' });
    expect((await validate(loose, { strict: true })).valid).toBe(false);
  });

  test('a text that cannot be read has one place', async () => {
    const source = { text: 'steps: [\n  {id: a', file: 'a.yaml' };
    const result = await harness.ops.validate(person, { source });
    expect(result.valid).toBe(false);
    expect(result.issues[0]?.line).toBeGreaterThan(0);
  });

  test('the schema for editors is a JSON Schema', async () => {
    const { schema } = await harness.ops.schema(person, {});
    expect(schema.$schema).toContain('2020-12');
  });
});
