/** Whatever a run as a whole waits for, or a run that it awaits, its status says in one sentence. */
import { describe, expect, test } from 'bun:test';
import type { RunRow, Store } from '../../src/model/store.ts';
import type { ReadRun } from '../../src/ops/run-reader.ts';
import { waitingOf } from '../../src/ops/run-view.ts';
import { child, effect, noop, wait } from '../core/steps.ts';
import { given, restarted, type Scenario, signal } from '../support/given.ts';

type Place = ReturnType<Store['place']>;
const PLACE = { group: '["template","t"]', key: '', holds: false } as unknown as Place;

/** What a store says of the places, and of the runs below. */
const storeWith = (place: Place, below: readonly object[] = []) =>
  ({
    place: () => place,
    placeHolders: () => [{ runId: 'other' }],
    placesAhead: () => 2,
    queryRuns: ({ parentId }: { parentId: string }) => ({ items: parentId === 'me' ? below : [] }),
  }) as unknown as Store;

function told(run: Scenario | null, row: object, store = storeWith(null)): string[] {
  const { state } = run ?? given({ steps: [noop('a')] });
  const shown = run === null ? { ...state, status: 'pending' } : state;
  const whole = { runId: 'me', status: shown.status, paused: false, waitingFor: [], ...row };
  const read = { row: whole as unknown as RunRow, state: shown } as ReadRun;
  return waitingOf({ store }, read, []).map(
    ({ workflow_id: id = '', kind, text }) => `${id}${id === '' ? '' : ' '}${kind}: ${text}`,
  );
}

const HELD = [wait('w', { signal: 'go' })];
const paused = (payload: object = {}): Scenario =>
  given({ steps: HELD }).when(signal({ type: 'pause', payload: payload as never }));

describe('a run says what it waits for', () => {
  test.each([
    ['paused', paused(), {}, 'paused: it is paused until "resume"'],
    [
      'quarantined',
      given({ steps: [effect('a')] }, { limits: { takeovers: 2 } })
        .when(restarted(2))
        .when(restarted(3)),
      {},
      'paused: it is quarantined, because processes that executed it died again and again (they caught "a" 2 times), until "resume"',
    ],
    ['executor', null, {}, 'executor: it has not begun: it waits for a process that executes it'],
    ['held back', null, { paused: true }, 'paused: it is held back (restored) until "resume"'],
    [
      'settling',
      given({ steps: [effect('a')] }),
      { waitingFor: [{ step_id: 'a', kind: 'settling', name: 'failed' }] },
      'settling: the run ends (failed) when what "a" started is really over',
    ],
  ])('%s', (_kind, run, row, sentence) => {
    expect(told(run, row)[0]).toBe(sentence);
  });

  test('turn: who holds the place, and how many are before it', () => {
    const [sentence] = told(null, {}, storeWith(PLACE));
    expect(sentence).toStartWith('turn: it waits for its turn: a place of template "t"');
    expect(sentence).toEndWith('which run other holds; 2 waiting before it');
  });

  test('paused, and what its steps wait for besides', () => {
    expect(told(paused(), {})).toEqual([
      'paused: it is paused until "resume"',
      'signal: "w" waits for the signal "go"',
    ]);
  });
});

describe('a run says what the run waits for that it awaits', () => {
  const awaiting = given({ steps: [child('c')] });
  const below = (row: object): object => ({
    runId: 'sub',
    status: 'suspended',
    paused: false,
    waitingFor: [],
    ...row,
  });
  const pending = { status: 'pending' };

  test.each<[string, Place, object, string]>([
    ['paused', null, { paused: true }, 'sub paused: in run sub: it is paused until "resume"'],
    [
      'executor',
      null,
      pending,
      'sub executor: in run sub: it has not begun: it waits for a process that executes it',
    ],
    ['turn', PLACE, pending, 'sub turn: in run sub: it waits for its turn: a place of '],
    [
      'timer',
      null,
      { waitingFor: [{ step_id: 'w', kind: 'timer' }] },
      'sub timer: in run sub: "w" waits for a time',
    ],
    [
      'settling',
      null,
      { waitingFor: [{ step_id: 'w', kind: 'settling', name: 'failed' }] },
      'sub settling: in run sub: the run ends (failed) when what "w" started is really over',
    ],
    [
      'vault',
      null,
      { waitingFor: [{ step_id: 'w', kind: 'vault' }] },
      'sub vault: in run sub: "w" waits for the vault to be unlocked',
    ],
  ])('%s', (_kind, place, row, sentence) => {
    const [own, ...rest] = told(awaiting, {}, storeWith(place, [below(row)]));
    expect(own).toStartWith('child: "c" waits for run ');
    expect(rest).toEqual([expect.stringContaining(sentence)]);
  });
});
