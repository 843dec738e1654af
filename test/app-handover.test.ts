import { describe, expect, test } from 'bun:test';
import { findExecutor } from '../src/app-handover.ts';
import { ownIdentity } from '../src/isolate/process-info.ts';
import { asNodeId } from '../src/model/ids.ts';
import type { KnownNode } from '../src/model/store.ts';

const own = ownIdentity();
const NOW = 1_000_000;

const daemon = (change: Partial<KnownNode> = {}): KnownNode => ({
  ...own,
  nodeId: asNodeId('n'),
  role: 'serve',
  pidStarted: own.started,
  version: '1.0.0',
  leaseUntil: NOW + 1000,
  startedAt: NOW,
  activeAtDeath: null,
  ...change,
});

const found = (...nodes: KnownNode[]) => findExecutor({ nodes: () => nodes }, '1.0.0', own, NOW);
const why = (change: Partial<KnownNode>): string | null => {
  const executor = found(daemon(change));
  return executor.kind === 'unfit' ? executor.why : null;
};

describe('a run is left to a daemon', () => {
  test('of the same user, machine, files and version that lives', () => {
    expect(found(daemon()).kind).toBe('daemon');
    expect(found().kind).toBe('none');
    expect(found(daemon({ role: 'cli' })).kind).toBe('none');
    expect(found(daemon({ pidStarted: '1' })).kind).toBe('none');
    expect(found(daemon({ version: '2' }), daemon()).kind).toBe('daemon');
  });

  test('and to no other, with the reason', () => {
    expect(why({ version: '2.0.0' })).toContain('is version 2.0.0, this is 1.0.0');
    expect(why({ uid: own.uid + 1 })).toContain('belongs to another user');
    expect(why({ host: 'far', leaseUntil: NOW - 1 })).toBeNull();
    expect(why({ host: 'far' })).toContain('is on far');
    expect(why({ mountNamespace: 'mnt:[1]' })).toContain('sees other files');
    expect(why({ role: 'stopping' })).toContain('is stopping');
  });
});
