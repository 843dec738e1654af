/**
 * A client's place in the table, against everything that can come in between: commits while it pages,
 * between the last page and the join, a reader that is behind, a client that does not read.
 */
import { describe, expect, test } from 'bun:test';
import { createEventClient, MAX_WAITING_CHARS } from '../../src/http/events-client.ts';
import { createEventHub, type EventHub, liveEventOf } from '../../src/http/events-hub.ts';
import type { RunEvent } from '../../src/model/event.ts';
import { asRunId } from '../../src/model/ids.ts';
import type { StoredEvent } from '../../src/model/store.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import { placedEventOf } from '../../src/ops/event-cursor.ts';
import { QUIET } from './api-world.ts';

const RUNS = [asRunId('run-a'), asRunId('run-b')] as const;

const DATABASE = '0123456789ab';
const placed = (row: StoredEvent) => placedEventOf({ databaseId: () => DATABASE }, row);

/** A table that grows when told to, and a reader of it that reads when told to. */
function table(size: number, payload = '') {
  const rows: StoredEvent[] = [];
  const listeners = new Set<(event: ReturnType<typeof liveEventOf>) => void>();
  let read: number | null = null;
  let onTail: () => void = () => undefined;
  const commit = (count = 1): void => {
    for (let i = 0; i < count; i++) {
      const id = rows.length + 1;
      const type = id % 3 === 0 ? 'step_started' : 'step_completed';
      const event = { seq: id, at: 0, type, payload: { output: payload } } as unknown as RunEvent;
      rows.push({ id, runId: RUNS[id % 2] ?? RUNS[0], event });
    }
  };
  commit(size);
  const hub: EventHub = {
    subscribe(after, listener) {
      read ??= after;
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) read = null;
      };
    },
  };
  return {
    commit,
    hub,
    rows,
    listeners,
    /** Puts the reader behind, as one is that has much to give out. */
    behind: (id: number) => {
      read = id;
    },
    deliver() {
      for (; read !== null && read < rows.length; read++) {
        const row = rows[read];
        if (row === undefined) return;
        for (const listener of listeners) listener(liveEventOf(placed(row)));
      }
    },
    beforeTail: (act: () => void) => {
      onTail = act;
    },
    store: {
      lastEventId: () => rows.length,
      databaseId: () => DATABASE,
      tail(after: number, limit: number, runId?: string) {
        const found = rows.filter(
          (row) => row.id > after && (runId === undefined || row.runId === runId),
        );
        const act = onTail;
        onTail = () => undefined;
        act();
        return found.slice(0, limit);
      },
    },
  };
}

const client = (
  world: ReturnType<typeof table>,
  options: { after?: number; types?: readonly string[]; runId?: (typeof RUNS)[number] } = {},
) =>
  createEventClient({
    store: world.store,
    hub: world.hub,
    after: options.after ?? 0,
    runId: options.runId,
    types: options.types === undefined ? null : new Set(options.types),
  });

const idsIn = (text: string | null): number[] =>
  [...(text ?? '').matchAll(/^id: 0123456789ab\.(\d+)\ndata/gm)].map(([, id]) => Number(id));

/** Reads until that many events have come. */
async function readIds(from: ReturnType<typeof client>, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push(...idsIn(await from.next()));
  return ids;
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('every event once, in order, whatever comes in between:', () => {
  test('a backlog of many pages while new ones are committed', async () => {
    const world = table(1000);
    const reader = client(world);
    const ids: number[] = [];
    for (let i = 0; ids.length < 1100; i++) {
      if (i < 10) world.commit(10);
      const reading = reader.next();
      world.deliver();
      ids.push(...idsIn(await reading));
    }
    expect(ids).toEqual(upTo(1100));
    reader.close();
  });

  test('a commit between the last page and the join', async () => {
    const world = table(10);
    const reader = client(world);
    world.beforeTail(() => world.commit(3));
    expect(await readIds(reader, 10)).toEqual(upTo(10));
    const next = reader.next();
    world.deliver();
    expect(idsIn(await next)).toEqual([11]);
    expect(await readIds(reader, 2)).toEqual([12, 13]);
    reader.close();
  });

  test('a shared reader that is behind this client', async () => {
    const world = table(10);
    const first = client(world, { after: 10 });
    const firstNext = first.next();
    world.commit(5);
    // The reader has not given out 11 to 15 yet; the second client has them from the table.
    const second = client(world);
    expect(await readIds(second, 15)).toEqual(upTo(15));
    const secondNext = second.next();
    world.deliver();
    expect(idsIn(await firstNext)).toEqual([11]);
    world.commit();
    world.deliver();
    expect(idsIn(await secondNext)).toEqual([16]);
    expect(await readIds(first, 5)).toEqual(upTo(16, 12));
    first.close();
    second.close();
  });

  test('resuming at every place of a table that grows meanwhile', async () => {
    for (const after of upTo(25, 0)) {
      const world = table(25);
      const reader = client(world, { after });
      world.beforeTail(() => world.commit(2));
      const ids: number[] = [];
      while (ids.length < 27 - after) {
        const reading = reader.next();
        world.deliver();
        ids.push(...idsIn(await reading));
      }
      expect(ids).toEqual(upTo(27, after + 1));
      reader.close();
    }
  });

  test('only a run, only some types', async () => {
    const world = table(12);
    const reader = client(world, { runId: RUNS[1], types: ['step_started'] });
    expect(await readIds(reader, 2)).toEqual([3, 9]);
    const next = reader.next();
    world.commit(6);
    world.deliver();
    expect(idsIn(await next)).toEqual([15]);
    reader.close();
  });

  test('the place moves on over what is not for this client', async () => {
    const world = table(400);
    const reader = client(world, { types: ['none'] });
    const next = reader.next();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    reader.beat();
    expect(await next).toBe(`: beat\nid: ${DATABASE}.400\n\n`);
    reader.close();
  });
});

describe('a client that does not read', () => {
  test('goes back to the table when too much waits, and loses nothing', async () => {
    const world = table(1, 'x'.repeat(10_000));
    const reader = client(world);
    expect(await readIds(reader, 1)).toEqual([1]);
    const next = reader.next();
    world.commit(300);
    world.deliver();
    expect(world.listeners.size).toBe(0);
    expect(300 * 10_000).toBeGreaterThan(MAX_WAITING_CHARS);
    const ids = idsIn(await next);
    ids.push(...(await readIds(reader, 300 - ids.length)));
    expect(ids).toEqual(upTo(301, 2));
    reader.close();
  });

  test('is given up when it reads nothing at all', async () => {
    const world = table(3);
    const reader = client(world);
    expect(await readIds(reader, 3)).toEqual([1, 2, 3]);
    for (let i = 0; i < 4; i++) reader.beat();
    expect(await reader.next()).toBeNull();
    expect(world.listeners.size).toBe(0);
  });

  test('is kept while it reads, and hears that the server lives', async () => {
    const world = table(0);
    const reader = client(world);
    for (let i = 0; i < 10; i++) {
      const next = reader.next();
      reader.beat();
      expect(await next).toStartWith(': beat');
    }
    reader.close();
    expect(await reader.next()).toBeNull();
  });
});

test('one reader serves all, from the place it was begun at, also after a failure', async () => {
  const begun: (number | undefined)[] = [];
  const ended = Promise.withResolvers<void>();
  const follow: Ops['followEvents'] = async function* (ctx, { after_id }) {
    begun.push(after_id);
    if (begun.length === 1) throw new Error('the database is busy');
    for (const row of table(7).rows.slice(after_id)) yield placed(row);
    ctx.abort?.addEventListener('abort', () => ended.resolve());
    await ended.promise;
  };
  const hub = createEventHub({ followEvents: follow }, QUIET, 1);
  const seen: string[] = [];
  const all = Promise.withResolvers<void>();
  const stopA = hub.subscribe(5, ({ id }) => seen.push(`a${id}`));
  const stopB = hub.subscribe(5, ({ id }) => {
    seen.push(`b${id}`);
    if (id === 7) all.resolve();
  });
  await all.promise;
  expect(begun).toEqual([5, 5]);
  expect(seen).toEqual(['a6', 'b6', 'a7', 'b7']);
  stopA();
  stopB();
  await ended.promise;
});
