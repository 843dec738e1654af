import { describe, expect, test } from 'bun:test';
import { check, evaluating as e, errorsOf, warningsOf } from './support.ts';

const get = (params: object): object => ({ id: 'a', action: 'http.get', params });

describe('actions and their params', () => {
  const bad: [string, object, string, RegExp][] = [
    ['an unknown action', { id: 'a', action: 'htpp.get' }, 'action', /did you mean "http.get"/],
    [
      'an unknown action of a family',
      { id: 'a', action: 'fs.frobnicate' },
      'action',
      /there is fs.read, fs.write/,
    ],
    ['an unknown param', get({ url: 'x', heders: {} }), 'params.heders', /did you mean "headers"/],
    ['a missing param', get({}), 'params.url', /"url" is missing/],
    [
      'a text for a number',
      get({ url: 'x', max_redirects: '3' }),
      'params.max_redirects',
      /whole number/,
    ],
    ['a list for headers', get({ url: 'x', headers: [] }), 'params.headers', /an object/],
    [
      'an object as header',
      get({ url: 'x', headers: { a: {} } }),
      'params.headers.a',
      /must be a text/,
    ],
    ['a bare number as duration', get({ url: 'x', timeout: 30 }), 'params.timeout', /duration/],
    ['an unclosed template', get({ url: '${{inputs.x' }), 'params.url', /not closed/],
    [
      'an unclosed template deep down',
      get({ url: 'x', body: { a: ['${{'] } }),
      'params.body.a[0]',
      /not closed/,
    ],
    [
      'an unclosed template in a key',
      get({ url: 'x', body: { '${{': 1 } }),
      'params.body["${{"]',
      /not closed/,
    ],
    ['an unknown root', get({ url: '${{env.HOME}}' }), 'params.url', /unknown name "env"/],
    [
      'a part of an expression',
      e('a', "${{inputs.a}} == 'x'"),
      'params.expression',
      /write: inputs.a == 'x'/,
    ],
    [
      'a broken jq filter',
      { id: 'a', action: 'jq', params: { filter: '.a[' } },
      'params.filter',
      /not closed/,
    ],
    ['a broken engine text', get({ url: 'x', body: 'expr: 1 +' }), 'params.body', /Expr/],
  ];
  test.each(bad)('%s', (_name, step, path, message) => {
    const issues = errorsOf(check({ steps: [step] }));
    expect(issues.map((issue) => issue.path)).toEqual([`steps[0].${path}`]);
    expect(`${issues[0]?.message} ${issues[0]?.hint ?? ''}`).toMatch(message);
  });

  test('what is resolved later is checked later', () => {
    const step = get({
      url: '${{inputs.u}}',
      max_redirects: '${{inputs.n}}',
      headers: '${{inputs.h}}',
      query: 'jq: .inputs',
      timeout: '${{inputs.t}}s',
      '${{inputs.name}}': 1,
    });
    expect(errorsOf(check({ steps: [step] }))).toEqual([]);
  });

  test('problems of `run` are told where it is written', () => {
    const [issue] = errorsOf(
      check({ steps: [{ id: 'a', run: 'echo ${{inputs.', params: { cwdd: 'x' } }] }),
    );
    expect(issue?.path).toBe('steps[0].run');
    const [other] = errorsOf(check({ steps: [{ id: 'a', run: 'x', params: { cwdd: 'x' } }] }));
    expect(other?.path).toBe('steps[0].params.cwdd');
  });

  test('a plugin whose tools are not known yet is a warning', () => {
    const issues = check({ steps: [{ id: 'a', action: 'github.create_issue', params: { x: 1 } }] });
    expect(issues).toMatchObject([
      { path: 'steps[0].action', severity: 'warning', code: 'UNCHECKED_ACTION' },
    ]);
  });
});

describe('defaults', () => {
  const withDefaults = (params: object, step: object = get({ url: 'x' })): object => ({
    steps: [step],
    defaults: { params },
  });
  const bad: [object, string, RegExp][] = [
    [withDefaults({ htpp: {} }), 'defaults.params.htpp', /did you mean "http"/],
    [
      withDefaults({ http: { hedders: {} } }),
      'defaults.params.http.hedders',
      /did you mean "headers"/,
    ],
    [
      withDefaults({ 'http.get': { max_redirects: 'x' } }),
      'defaults.params["http.get"].max_redirects',
      /whole number/,
    ],
    [
      withDefaults({ 'fs.read': { pth: 'x' } }),
      'defaults.params["fs.read"].pth',
      /did you mean "path"/,
    ],
  ];
  test.each(bad)('%j', (definition, path, message) => {
    const issues = errorsOf(check(definition));
    expect(issues.map((issue) => issue.path)).toEqual([path]);
    expect(`${issues[0]?.message} ${issues[0]?.hint ?? ''}`).toMatch(message);
  });

  test('a default may give what a step must have', () => {
    const definition = withDefaults({ 'http.get': { url: 'http://x' } }, get({}));
    expect(check(definition)).toEqual([]);
  });

  test('a prefix gives an action only what it has', () => {
    const steps = [{ id: 'r', action: 'fs.read', params: { path: 'x' } }];
    expect(check({ steps, defaults: { params: { fs: { create_dirs: true } } } })).toEqual([]);
  });
});

test('old spellings and strays come as warnings of the action', () => {
  const step = {
    id: 'a',
    action: 'shell.exec',
    params: { command: 'x', workdir: '/', fail_on_error: true },
  };
  expect(errorsOf(check({ steps: [step] }))).toEqual([]);
  expect(warningsOf(check({ steps: [step] }))).toEqual([]);
});

describe('a name that others use for a param', () => {
  test.each([
    ['workflow.run', { template_name: 't', inputs: {} }, 'params'],
    ['workflow.run', { template: 't' }, 'template_name'],
    ['http.post', { url: 'http://x', json: {} }, 'body'],
    ['fs.read', { filename: 'x' }, 'path'],
    ['jq', { query: '.', input: 1 }, 'filter'],
  ])('%s %j: %s', (action, params, meant) => {
    const messages = errorsOf(check({ steps: [{ id: 'a', action, params }] }));
    expect(messages.map(({ message }) => message).join()).toContain(`did you mean "${meant}"`);
  });
});
