/**
 * Whatever is posted to an operation or stands in its query string: it is answered, or refused in the
 * one shape with the status of its code; the server never fails, and nothing hangs.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { servedOf } from '../../src/http/api.ts';
import { ERROR_CODES, isErrorCode } from '../../src/model/error.ts';
import { noop, person, steps } from '../ops/harness.ts';
import { TEST_MS } from '../support/patience.ts';
import { type ApiWorld, openApi } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = openApi();
  await world.ops.run(person, { definition: steps(noop('a')) });
});
afterAll(() => world.close());

const field = (names: readonly string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('nonsense', '__proto__', 'constructor', ...names) },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
  );
const value = fc.oneof(
  fc.constantFrom('@last', 'a', '', '0', 'forever ', '-1', '2026-01-01T00:00:00Z', '{', '[1', 'x'),
  fc.jsonValue({ maxDepth: 2 }),
);

async function answered(response: Response): Promise<void> {
  // One that follows all runs has no end.
  if (response.headers.get('content-type') === 'text/event-stream') return response.body?.cancel();
  const body = JSON.parse(await response.text());
  if (response.ok) return;
  const { code, message } = body.error;
  expect(`${code}: ${message}`).not.toStartWith('INTERNAL');
  if (response.status !== 405) {
    expect([code, response.status]).toEqual([
      code,
      isErrorCode(code) ? ERROR_CODES[code].http : null,
    ]);
  }
}

test(
  'every operation, by POST and by GET',
  async () => {
    const { operations, streams } = servedOf(world.ops);
    const all = [...operations, ...streams];
    const names = new Map(
      all.map(([name, { input }]) => [
        name,
        Object.keys((input as unknown as { entries?: object }).entries ?? {}),
      ]),
    );
    const request = fc
      .constantFrom(...names.keys())
      .chain((name) =>
        fc.tuple(
          fc.constant(name),
          fc.array(fc.tuple(field(names.get(name) ?? []), value), { maxLength: 4 }),
          fc.boolean(),
        ),
      );
    await fc.assert(
      fc.asyncProperty(request, async ([name, fields, isPost]) => {
        const url = `${world.url}/api/v1/${name}`;
        // A wait that only the run's end would end is no hang of the server.
        const usable = fields.filter(([key]) => key !== 'wait' && key !== 'forever');
        if (isPost) {
          const pairs = usable.map(
            ([key, each]) => `${JSON.stringify(key)}:${JSON.stringify(each)}`,
          );
          const headers = { 'content-type': 'application/json' };
          const body = `{${pairs.join(',')}}`;
          await answered(await fetch(url, { method: 'POST', headers, body }));
          return;
        }
        const query = new URLSearchParams(
          usable.map(([key, each]) => [
            key,
            typeof each === 'string' ? each : JSON.stringify(each),
          ]),
        );
        await answered(await fetch(`${url}?${query}`));
      }),
      { numRuns: 400 },
    );
  },
  TEST_MS,
);
