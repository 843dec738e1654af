import { describe, expect, test } from 'bun:test';
import {
  formatOfFile,
  readDefinition,
  readDefinitionValue,
} from '../../src/validate/read-definition.ts';
import { check, checkText, errorsOf, packOf } from './support.ts';

const places = (text: string, format: 'json' | 'jsonc' | 'yaml'): (string | undefined)[] =>
  errorsOf(checkText(text, format)).map((issue) => `${issue.path} ${issue.line}:${issue.column}`);

describe('formats', () => {
  test('a bare definition and a package give the same definition', () => {
    const steps = [{ id: 'a', run: 'ls' }];
    const bare = packOf({ steps });
    const packed = packOf({
      name: 'n',
      input_schema: { type: 'object' },
      definition: { steps },
    });
    expect(bare).toMatchObject({ name: null, inputSchema: null, definition: { steps } });
    expect(packed).toMatchObject({
      name: 'n',
      inputSchema: { type: 'object' },
      definition: { steps },
    });
  });

  test('a tool argument may be JSON as a text', () => {
    expect(readDefinitionValue('{"steps":[]}').raw).toEqual({ steps: [] });
    expect(check('{"steps":')[0]?.message).toContain('a value is expected');
  });

  test('the same workflow in three formats', () => {
    const json = '{"steps": [{"id": "a", "run": "ls"}], "context": {"on": 1.5}}';
    const jsonc =
      '{ // note\n "steps": [{"id": "a", "run": "ls",}], /* x */ "context": {"on": 1.5} }';
    const yaml = 'steps:\n  - id: a\n    run: ls\ncontext:\n  on: 1.5 # note\n';
    const raw = readDefinition(json, { format: 'json' }).raw;
    expect(readDefinition(jsonc, { format: 'jsonc' }).raw).toEqual(raw);
    expect(readDefinition(yaml, { format: 'yaml' }).raw).toEqual(raw);
    expect(readDefinition(`\uFEFF${json}`, { format: 'json' }).raw).toEqual(raw);
  });

  test('the extension names the format', () => {
    expect(['a.json', 'b.jsonc', 'c.YAML', 'd.yml', 'e.txt', 'f'].map(formatOfFile)).toEqual([
      'json',
      'jsonc',
      'yaml',
      'yaml',
      null,
      null,
    ]);
  });

  test('the order of keys is kept', () => {
    const text = 'steps: []\ncontext: {z: 1, a: 2, m: 3}';
    const { raw } = readDefinition(text, { format: 'yaml' });
    expect(JSON.stringify(raw)).toBe('{"steps":[],"context":{"z":1,"a":2,"m":3}}');
  });

  test('keys of branches are texts in YAML too', () => {
    const text = 'branches: {true: 1, null: 2, 1.0: 3, 2: 4}';
    const { raw } = readDefinition(text, { format: 'yaml' });
    expect(raw).toEqual({ branches: { true: 1, null: 2, '1.0': 3, '2': 4 } });
  });
});

describe('places', () => {
  test('issues have line and column in every format', () => {
    const json =
      '{\n  "steps": [\n    {"id": "a", "action": "fs.read",\n     "params": {"pth": "x"}}\n  ]\n}';
    expect(places(json, 'json')).toEqual(['steps[0].params.path 4:6', 'steps[0].params.pth 4:24']);
    const yaml = 'steps:\n  - id: a\n    action: fs.read\n    params:\n      pth: x\n';
    expect(places(yaml, 'yaml')).toEqual(['steps[0].params.path 4:5', 'steps[0].params.pth 5:12']);
  });

  test('odd keys are found too', () => {
    const text =
      'steps:\n  - id: c\n    type: condition\n    config:\n      expression: "true"\n      branches:\n        "a.b c": 5\n';
    expect(places(text, 'yaml')).toEqual(['steps[0].config.branches["a.b c"] 7:18']);
  });
});

describe('texts that cannot be read', () => {
  const bad: [string, 'json' | 'jsonc' | 'yaml', string, RegExp][] = [
    ['', 'json', ' 1:1', /value is expected|empty/],
    ['{"steps": [}', 'json', ' 1:12', /value is expected/],
    ['{"steps": [] // x\n}', 'json', ' 1:14', /comments are for .jsonc/],
    ['{"steps": [],}', 'json', ' 1:14', /key in double quotes/],
    ['steps: [', 'yaml', ' 1:9', /not YAML/],
    ['steps:\n  - a: 1\n - b', 'yaml', ' 3:1', /not YAML/],
    ['a: 1\n---\nb: 2', 'yaml', ' 2:1', /not YAML/],
    ['steps: *nope', 'yaml', 'steps 1:8', /no anchor &nope/],
    ['steps: !!binary aGk=', 'yaml', 'steps 1:17', /cannot be written as JSON/],
  ];
  test.each(bad)('%j as %s', (text, format, place, message) => {
    const [issue] = checkText(text, format);
    expect(`${issue?.path} ${issue?.line}:${issue?.column}`).toBe(place);
    expect(issue?.message).toMatch(message);
  });

  test('a key that is written twice', () => {
    expect(places('{"steps": [{"id": "a", "run": "x", "id": "b"}]}', 'json')).toEqual([
      'steps[0].id 1:42',
    ]);
    expect(places('steps:\n- id: a\n  run: x\n  id: b', 'yaml')).toEqual(['steps[0].id 4:7']);
    expect(check('{"steps": [{"id": "a", "run": "x", "id": "b"}]}')[0]?.message).toContain('twice');
  });

  test('values that are no JSON', () => {
    expect(places('steps: [{id: a, run: x}]\ncontext: {x: .inf}', 'yaml')).toEqual([
      'context.x 2:14',
    ]);
    expect(places('{"steps": [{"id": "a", "run": "x"}], "context": {"x": 1e999}}', 'json')).toEqual(
      ['context.x 1:55'],
    );
    expect(places('steps: [{id: a, run: x}]\ncontext: {[1]: x}', 'yaml')).toEqual(['context 2:1']);
  });
});

describe('hostile texts', () => {
  test('more than a mebibyte is refused unread', () => {
    const [issue] = checkText(`{"x": "${'a'.repeat(1024 * 1024)}"}`, 'json');
    expect(issue).toMatchObject({ code: 'LIMIT_EXCEEDED', path: '' });
    expect(check({ x: 'ä'.repeat(600_000) })[0]?.code).toBe('LIMIT_EXCEEDED');
  });

  test.each(['json', 'yaml'] as const)('nesting without end as %s', (format) => {
    const [issue] = checkText('['.repeat(format === 'json' ? 100_000 : 10_000), format);
    expect(issue?.message).toContain('nests deeper than 400');
    const closed = `{"steps": ${'['.repeat(500)}${']'.repeat(500)}}`;
    expect(checkText(closed, format)[0]?.message).toContain('nests deeper than 400');
  });

  test('aliases that multiply', () => {
    const lines = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]'];
    for (let i = 1; i < 40; i++)
      lines.push(
        `a${i}: &a${i} [${Array(8)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const [issue] = checkText(lines.join('\n'), 'yaml');
    expect(issue).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(issue?.message).toContain('aliases spelled out');
  });

  test('aliases that nest', () => {
    const lines = ['a0: &a0 [x]'];
    for (let i = 1; i < 420; i++) lines.push(`a${i}: &a${i} [*a${i - 1}]`);
    expect(checkText(lines.join('\n'), 'yaml')[0]?.code).toBe('LIMIT_EXCEEDED');
  });

  test('an alias of what is around it', () => {
    expect(checkText('a: &a [*a]', 'yaml')[0]?.message).toMatch(/anchor|not YAML/);
  });

  test('aliases in measure are read as written out', () => {
    const text =
      'x-shared: &p {path: x}\nsteps:\n  - {id: a, action: fs.read, params: *p}\n  - {id: b, action: fs.read, params: *p}\n';
    expect(checkText(text, 'yaml')).toEqual([]);
  });

  test('prototype keys are ordinary names', () => {
    const text =
      '{"steps": [{"id": "a", "run": "x"}], "context": {"__proto__": {"polluted": true}, "constructor": 1}}';
    for (const format of ['json', 'yaml'] as const) {
      const { raw } = readDefinition(text, { format });
      const context = (raw as { context: object }).context;
      expect(Object.keys(context)).toEqual(['__proto__', 'constructor']);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    }
  });
});
