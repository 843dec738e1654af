/** Sessions of clients that leave without a word are ended, those in use are not. */
import { expect, test } from 'bun:test';
import { createSessions, type Session } from '../../src/mcp/sessions.ts';

function rig(maxSessions = 2, maxOfOwner = 2) {
  const time = { now: 0 };
  const closed: string[] = [];
  const sessions = createSessions<Session>({
    maxSessions,
    maxOfOwner,
    idleMs: 1000,
    leastIdleMs: 100,
    now: () => time.now,
  });
  const add = (id: string, owner?: string): boolean =>
    sessions.add(id, { close: async () => void closed.push(id) }, owner);
  return { time, closed, sessions, add };
}

test('more than the limit are refused while all are in use, and let in when one was forgotten', async () => {
  const { time, closed, sessions, add } = rig();
  expect([add('a'), add('b'), add('c')]).toEqual([true, true, false]);
  const done = sessions.use('a');
  time.now = 1000;
  expect(add('c')).toBe(true);
  expect(closed).toEqual(['b']);
  time.now = 5000;
  done();
  expect(add('d')).toBe(true);
  expect(closed).toEqual(['b', 'c']);
  expect(sessions.get('a')).not.toBeNull();
  await sessions.close();
  expect(closed).toEqual(['b', 'c', 'a', 'd']);
  expect(sessions.get('a')).toBeNull();
});

test('a new one takes the room of the one that is idle for longest, but not of one just used', () => {
  const { time, closed, sessions, add } = rig();
  add('a');
  time.now = 10;
  add('b');
  sessions.use('a')();
  time.now = 109;
  expect(add('c')).toBe(false);
  time.now = 110;
  expect(add('c')).toBe(true);
  expect(add('d')).toBe(true);
  expect(closed).toEqual(['a', 'b']);
});

test('one token keeps nobody else out, however many sessions it opens', () => {
  const { time, closed, sessions, add } = rig(4, 2);
  expect([add('a', 'evil'), add('b', 'evil')]).toEqual([true, true]);
  for (const id of ['a', 'b']) sessions.use(id);
  time.now = 100;
  expect(add('c', 'evil')).toBe(false);
  expect([add('d', 'good'), add('e', 'good')]).toEqual([true, true]);
  time.now = 200;
  // Its own idle ones make room, not those of others.
  expect(add('f', 'good')).toBe(true);
  expect(closed).toEqual(['d']);
});
