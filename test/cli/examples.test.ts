/** Examples: what is embedded, the stub services, the comparison with the promised end. */
import { describe, expect, test } from 'bun:test';
import { differences, expectedOf, findExample, listExamples } from '../../cli/examples/embedded.ts';
import { serviceInput } from '../../cli/examples/run-example.ts';
import { startStubs } from '../../cli/examples/stub-server.ts';

describe('embedded examples', () => {
  test('each has a workflow, words about it and an end it promises', () => {
    const incomplete = listExamples().filter(
      (example) =>
        example.files['README.md'] === undefined ||
        example.description === '' ||
        expectedOf(example) === null,
    );
    expect(incomplete.map((example) => example.name)).toEqual([]);
  });

  test('an unknown one says where they are listed', () => {
    expect(() => findExample('constructor')).toThrow('there is no example "constructor"');
  });
});

describe('stub services', () => {
  test('answer by method and path; `times` leaves the place to the next', async () => {
    const server = startStubs({
      routes: [
        { path: '/flaky', status: 503, times: 1 },
        { path: '/flaky', status: 200, json: { ok: true } },
        { method: 'post', path: '/orders', status: 201, body: 'made', headers: { 'x-id': 7 } },
      ],
    });
    try {
      expect((await fetch(`${server.url}/flaky`)).status).toBe(503);
      const second = await fetch(`${server.url}/flaky?page=2`);
      expect(second.headers.get('content-type')).toBe('application/json');
      expect(await second.json()).toEqual({ ok: true });
      const made = await fetch(`${server.url}/orders`, { method: 'POST' });
      expect([made.status, made.headers.get('x-id'), await made.text()]).toEqual([
        201,
        '7',
        'made',
      ]);
      const unknown = await fetch(`${server.url}/orders`);
      expect([unknown.status, await unknown.json()]).toEqual([
        404,
        { error: 'no stub for GET /orders' },
      ]);
    } finally {
      await server.close();
    }
  });

  test.each([[{ routes: {} }], [{ routes: [{ status: 200 }] }]])('refuse %p', (stubs) => {
    expect(() => startStubs(stubs)).toThrow('stubs.json');
  });
});

describe('the promised end', () => {
  test.each([
    [{ a: 1 }, { a: 1, b: 2 }, []],
    [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 2, d: 3 }] } }, []],
    [{ a: 1 }, {}, ['output.a: expected 1, got undefined']],
    [[1, 2], [1], ['output: expected [1,2], got [1]']],
    ['x', null, ['output: expected "x", got null']],
  ])('%p in %p', (expected, actual, found) => {
    expect(differences(expected, actual)).toEqual(found);
  });
});

test('an example that needs services says by which input it is told where they are', () => {
  expect(serviceInput(findExample('quickstart'))).toBe('stub_url');
  expect(serviceInput(findExample('file-pipeline'))).toBeNull();
});
