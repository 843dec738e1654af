/** A run of a restored database: held still until somebody resumes it, whatever becomes due meanwhile. */
import { expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import { given, type Scenario, signal, timer } from '../support/given.ts';
import { ask, effect, noop, wait } from './steps.ts';

/** The run as a restored database has it: its log, and the event that holds it. */
function restored(definition: Definition): Scenario {
  const { log, state } = given(definition);
  const payload = { reason: 'restored', waiting_for: [] };
  const held = {
    seq: state.seq + 1,
    at: state.at,
    type: 'workflow_suspended',
    path: null,
    payload,
  };
  return given(definition, {}, [...log, held as (typeof log)[number]]);
}

const after = (step: string) => ({ depends_on: [step] });

test('no timer runs, and what became due is due at the resume', () => {
  restored({ steps: [wait('w', { duration: '1h' }), noop('a', after('w'))] })
    .is('suspended')
    .outstanding([])
    .when(signal({ type: 'resume' }), { atMs: 90_000_000 })
    .outstanding(['timer w wait @3600000'])
    .when(timer('w', 'wait'), { atMs: 90_000_000 })
    .is('completed');
});

test('a decision is answered after its time-out, and what is behind it waits for the resume', () => {
  restored({
    steps: [ask('q', { timeout: '1m', fallback: 'no' }), effect('a', after('q'))],
  })
    .outstanding([])
    .when(signal({ type: 'decision', payload: { choice: 'yes' } }), { atMs: 90_000_000 })
    .stands({ q: 'completed', a: 'pending' })
    .is('suspended')
    .outstanding([])
    .when(signal({ type: 'resume' }), { atMs: 90_000_000 })
    .is('active');
});

test('a cancel needs no resume', () => {
  restored({ steps: [wait('w', { duration: '1h' })] })
    .when(signal({ type: 'cancel' }))
    .is('cancelled');
});

test('a resume of a run that goes on is refused', () => {
  const run = given({ steps: [wait('w', { duration: '1h' })] }).when(signal({ type: 'resume' }));
  expect(run.verdicts).toMatchObject([{ ok: false, error: { code: 'CONFLICT' } }]);
});
