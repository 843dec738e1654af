/** The feed reads while somebody listens, from one reader for all, and goes on after a failure. */
import { expect, test } from 'bun:test';
import { createEventFeed } from '../../src/mcp/event-feed.ts';
import type { Logger } from '../../src/model/ports.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import type { PlacedEvent } from '../../src/ops/shapes.ts';

const event = (id: number): PlacedEvent => ({
  id,
  cursor: `0123456789ab.${id}`,
  workflow_id: 'run',
  sequence: id,
  event_type: 'step_started',
  timestamp: '',
});

const QUIET: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

test('one reader serves all who listen, and goes on behind the last event after a failure', async () => {
  const begun: (number | undefined)[] = [];
  const ended = Promise.withResolvers<void>();
  const follow: Ops['followEvents'] = async function* (ctx, { after_id }) {
    begun.push(after_id);
    yield event((after_id ?? 0) + 1);
    if (begun.length === 1) throw new Error('the database is busy');
    ctx.abort?.addEventListener('abort', () => ended.resolve());
    await ended.promise;
  };
  const feed = createEventFeed({ followEvents: follow }, QUIET, 1);
  const seen: string[] = [];
  const second = Promise.withResolvers<void>();
  const stopA = feed.subscribe(({ id }) => seen.push(`a${id}`));
  const stopB = feed.subscribe(({ id }) => {
    seen.push(`b${id}`);
    if (id === 2) second.resolve();
  });
  await second.promise;
  expect(begun).toEqual([undefined, 1]);
  expect(seen).toEqual(['a1', 'b1', 'a2', 'b2']);
  stopA();
  stopB();
  await ended.promise;
});
