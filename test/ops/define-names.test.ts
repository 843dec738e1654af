/** What a template is called, and what a bare definition may carry beside its steps. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { errorOf, type Harness, noop, openHarness, person, steps } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

const one = steps(noop('a'));

/** Defines a file with this content. */
const defineFile = (file: string, content: object, more: object = {}) =>
  harness.ops.define(person, { source: { text: JSON.stringify(content), file }, ...more });

describe('the name of a template', () => {
  const metadata = { name: 'Nightly: report/all' };
  const cases: [string, string, object, object, string][] = [
    ['is the argument', 'a.json', { name: 'own', ...one }, { name: 'arg' }, 'arg'],
    ['else that of the workflow', 'a.json', { name: 'own', ...one, metadata }, {}, 'own'],
    ['else that of the package', 'a.json', { name: 'own', definition: one }, {}, 'own'],
    ['else its title, made safe', 'a.json', { ...one, metadata }, {}, 'Nightly: report-all'],
    ['else that of its file', 'my flow!.json', one, {}, 'my flow'],
    ['else that of its folder', 'deploy/workflow.yaml', one, {}, 'deploy'],
    ['also for an index', 'deploy/index.json', one, {}, 'deploy'],
    ['also for opcode', 'deploy/opcode.json', one, {}, 'deploy'],
    ['and for main', 'deploy/main.json', one, {}, 'deploy'],
  ];
  test.each(cases)('%s', async (_name, file, content, more, name) => {
    expect(await defineFile(`/p/${file}`, content, more)).toMatchObject({ name, version: 1 });
  });

  test('is asked for when nothing names it', async () => {
    const error = await errorOf(
      harness.ops.define(person, { source: { text: JSON.stringify(one) } }),
      'VALIDATION_ERROR',
    );
    expect(error.hint).toContain('--name');
  });

  test('is not taken from another file by accident', async () => {
    await defineFile('/p/a/deploy.json', one);
    const other = steps(noop('b'));
    expect((await errorOf(defineFile('/p/b/deploy.json', other), 'CONFLICT')).message).toContain(
      '/p/a/deploy.json',
    );
    const [titled, twin] = [other, one].map((each) => ({ ...each, metadata: { name: 'deploy' } }));
    await errorOf(defineFile('/p/b/x.json', titled as object), 'CONFLICT');
    expect(await defineFile('/p/a/deploy.json', other)).toMatchObject({ version: 2 });
    expect(await defineFile('/p/b/deploy.json', twin as object, { name: 'deploy' })).toMatchObject({
      version: 3,
    });
  });
});

describe('a bare definition with its package beside the steps', () => {
  const bare = {
    name: 'hello',
    description: 'greets',
    input_schema: { type: 'object', properties: { who: { type: 'string' } } },
    output_schema: { type: 'object' },
    ...one,
  };

  test('is the same template as the package', async () => {
    const { name, description, input_schema, output_schema } = bare;
    const pack = { name, description, input_schema, output_schema, definition: one };
    expect(await defineFile('/p/a.json', bare)).toMatchObject({ name, version: 1 });
    const shown = await harness.ops.template(person, { template_name: name });
    expect(shown).toMatchObject({ description, input_schema, output_schema, definition: one });
    expect(await defineFile('/p/a.json', pack)).toMatchObject({ version: 1, created: false });
  });

  test('makes a new version when only its input schema differs', async () => {
    await defineFile('/p/a.json', bare);
    const changed = { ...bare, input_schema: { type: 'object' } };
    expect(await defineFile('/p/a.json', changed)).toMatchObject({ version: 2, created: true });
  });

  test('has its input schema heeded when it is run', async () => {
    const run = harness.ops.run(person, { definition: bare as never, params: { who: 1 } });
    expect((await errorOf(run, 'VALIDATION_ERROR')).message).toContain('params.who');
  });

  test('gives way to the arguments', async () => {
    const defined = await harness.ops.define(person, {
      name: 'other',
      definition: bare as never,
      description: 'mine',
    });
    expect(defined).toMatchObject({ name: 'other', version: 1 });
    const shown = await harness.ops.template(person, { template_name: 'other' });
    expect(shown.description).toBe('mine');
  });

  test('may not contradict the package around it', async () => {
    const pack = { name: 'one', definition: { name: 'two', ...one } };
    const error = await errorOf(defineFile('/p/a.json', pack), 'VALIDATION_ERROR');
    expect(error.message).toContain('definition.name: the package and its definition');
  });
});

test('what is not given leaves the text the same', async () => {
  await defineFile('/p/a.json', one);
  const skeleton = { ...one, timeout: '', on_error: null, metadata: null };
  expect(await defineFile('/p/a.json', skeleton)).toMatchObject({ version: 1, created: false });
});

test('a title of its own stands over its drawing', async () => {
  await harness.ops.define(person, {
    name: 't',
    definition: { ...one, metadata: { name: 'Demo' } } as never,
  });
  const { text } = await harness.ops.diagram(person, { template_name: 't', format: 'mermaid' });
  expect(text).toContain('Demo');
});
