/** Answers that stay open: of one token so many, and those of others are not touched by it. */
import { expect, test } from 'bun:test';
import { createStreamWatch } from '../../src/http/access-streams.ts';
import type { Caller } from '../../src/ops/operation.ts';

const caller = (tokenId?: string): Caller => ({
  agentId: null,
  role: 'viewer',
  sender: 'person',
  ...(tokenId === undefined ? {} : { tokenId }),
});

test('one token cannot take every stream; one that is closed makes room for another', async () => {
  const watch = createStreamWatch(() => true);
  let cancelled = 0;
  const stream = (): Response =>
    new Response(
      new ReadableStream({
        cancel() {
          cancelled += 1;
        },
      }),
    );
  const open = (tokenId?: string): Response => watch.watched(stream(), caller(tokenId));
  const evil = Array.from({ length: 600 }, () => open('evil'));
  const refused = evil.filter(({ status }) => status === 429);
  expect([refused.length, cancelled]).toEqual([100, 100]);
  expect(await refused[0]?.json()).toEqual({
    error: {
      code: 'LIMIT_EXCEEDED',
      message: '500 streams are open with this token: close some',
    },
  });
  expect([open('good').status, open().status]).toEqual([200, 200]);
  await evil[0]?.body?.cancel();
  expect([open('evil').status, open('evil').status]).toEqual([200, 429]);
  watch.close();
});
