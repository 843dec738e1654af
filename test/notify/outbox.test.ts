/** Which facts go to which channels, and what a run's events give to tell. */
import { describe, expect, test } from 'bun:test';
import type { EventPayloads, RunEvent } from '../../src/model/event.ts';
import { asNodeId, asRunId } from '../../src/model/ids.ts';
import type { NoticeFacts, NoticeKind, NoticeRule } from '../../src/model/notice.ts';
import { readNoticeRules } from '../../src/model/notice-settings.ts';
import type { NoticeRun } from '../../src/model/notice-store.ts';
import { createOutbox } from '../../src/notify/outbox.ts';
import { channelsFor, matchesPattern } from '../../src/notify/rules.ts';

const rules = (...raw: unknown[]): readonly NoticeRule[] => readNoticeRules(raw).value;

const facts = (change: Partial<NoticeFacts> = {}): NoticeFacts => ({
  kind: 'run_failed',
  template: 'deploy',
  agent: 'ann',
  name: null,
  status: 'failed',
  ...change,
});

describe('rules', () => {
  const RULES = rules(
    { on: ['run_failed', 'decision'], channel: 'all' },
    { on: ['run_failed'], where: { template: 'dep*', agent: ['ben', 'ann'] }, channel: 'ann' },
    { on: ['run_failed'], where: { name: '*' }, channel: 'named' },
    { on: ['run_failed'], where: { status: 'suspended' }, channel: 'held' },
    { on: ['run_failed'], channel: 'all' },
  );

  test('each channel is named once', () => {
    expect(channelsFor(RULES, facts())).toEqual(['all', 'ann']);
    expect(channelsFor(RULES, facts({ kind: 'decision' }))).toEqual(['all']);
    expect(channelsFor(RULES, facts({ kind: 'notify' }))).toEqual([]);
  });

  test('what is asked must be there and fit', () => {
    expect(channelsFor(RULES, facts({ agent: 'cem' }))).toEqual(['all']);
    expect(channelsFor(RULES, facts({ template: null }))).toEqual(['all']);
    expect(channelsFor(RULES, facts({ name: 'x' }))).toEqual(['all', 'ann', 'named']);
    expect(channelsFor(RULES, facts({ status: 'suspended' }))).toEqual(['all', 'ann', 'held']);
  });

  test.each([
    ['deploy', 'deploy', true],
    ['deploy', 'deploy2', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['a*', 'a', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['a*a', 'a', false],
    ['a**b', 'ab', true],
    ['.', 'x', false],
    ['*x*', 'axb', true],
    ['ab*bc', 'abc', false],
  ])('%p fits %p: %p', (pattern, text, fits) => {
    expect(matchesPattern(pattern, text)).toBe(fits);
  });
});

const RUN: NoticeRun = {
  runId: asRunId('run-1'),
  status: 'suspended',
  template: 'deploy',
  name: 'nightly',
  agentId: 'ann',
  isChild: false,
  nodeId: asNodeId('node-1'),
  epoch: 3,
};

const event = <K extends RunEvent['type']>(
  seq: number,
  type: K,
  payload: EventPayloads[K],
  path: string | null = null,
): RunEvent => ({ seq, at: 1_700_000_000_000 + seq, type, path, payload }) as RunEvent;

const asks = (seq: number, path: string, kind: 'reasoning' | 'outcome_unknown' = 'reasoning') =>
  event(
    seq,
    'decision_requested',
    {
      kind,
      prompt: 'Go on?',
      data: { n: 1 },
      options: [{ id: 'go' }, { id: 'stop', outcome: 'stop' }],
      by: 'any',
      then: [],
      step_outputs: {},
    },
    path,
  );

const EVERYTHING = (channel = 'team'): readonly NoticeRule[] =>
  rules({
    on: ['decision', 'outcome_unknown', 'run_failed', 'notify', 'vault_locked'],
    channel,
  });

const outboxOf = (
  events: readonly RunEvent[],
  change: Partial<NoticeRun> = {},
  set = EVERYTHING(),
) => createOutbox(() => set)(events, () => ({ ...RUN, ...change }));

const told = (events: readonly RunEvent[], change: Partial<NoticeRun> = {}) =>
  (outboxOf(events, change)?.notices ?? []).map(({ kind, key, payload }) => ({
    kind,
    key,
    title: payload.title,
    message: payload.message,
  }));

describe('the events of a run', () => {
  test('that tell nothing are not even looked at', () => {
    const outbox = createOutbox(() => EVERYTHING());
    const never = (): NoticeRun => {
      throw new Error('the run was asked for');
    };
    const quiet = [
      event(1, 'step_completed', { output: 'x', duration_ms: 1 }, 'a'),
      event(2, 'workflow_suspended', { reason: 'waiting', waiting_for: [] }),
      event(3, 'step_scheduled', { attempt: 1, waiting_for: 'slot' }, 'b'),
    ];
    expect(outbox(quiet, never)).toBeNull();
    expect(outbox([], never)).toBeNull();
  });

  test('tell of a decision whole', () => {
    const outbox = outboxOf([asks(4, 'approve')]);
    expect(outbox?.notices).toEqual([
      {
        seq: 4,
        key: null,
        kind: 'decision',
        channel: 'team',
        createdAt: 1_700_000_000_004,
        payload: {
          kind: 'decision',
          at: '2023-11-14T22:13:20.004Z',
          title: 'deploy waits for a decision',
          message: 'approve: Go on? (go / stop)',
          level: 'info',
          workflow_id: 'run-1',
          template: 'deploy',
          name: 'nightly',
          agent_id: 'ann',
          status: 'suspended',
          step_id: 'approve',
          error: null,
          decision: {
            id: 'run-1.4',
            prompt: 'Go on?',
            options: ['go', 'stop'],
            by: 'any',
            target_agent: null,
            timeout_at: null,
          },
          data: { n: 1 },
        },
      },
    ]);
  });

  test('do not ask what has been answered in the same moment', () => {
    const resolved = event(
      5,
      'decision_resolved',
      { choice: 'go', reasoning: null, data: null, resolved_by: 'ann', via: 'signal' },
      'approve',
    );
    expect(told([asks(4, 'approve'), resolved])).toEqual([]);
    expect(told([asks(6, 'approve'), resolved])).toHaveLength(1);
  });

  test('tell of a failure, once and only at the top', () => {
    const failed = event(5, 'workflow_failed', {
      error: { code: 'ASSERTION_FAILED', message: 'no', step_id: 'check' },
    });
    expect(told([failed])).toEqual([
      {
        kind: 'run_failed',
        key: null,
        title: 'deploy failed',
        message: 'check: [ASSERTION_FAILED] no',
      },
    ]);
    expect(told([failed], { isChild: true })).toEqual([]);
    expect(told([failed], { template: null, name: null })[0]?.title).toBe('run run-1 failed');
  });

  test('tell of a run that is held back', () => {
    const held = event(5, 'workflow_suspended', { reason: 'quarantined', waiting_for: [] });
    expect(told([held])).toMatchObject([{ kind: 'run_failed', title: 'deploy is held back' }]);
  });

  test('one crash asks once, about everything it left', () => {
    const found = told([
      asks(5, 'a', 'outcome_unknown'),
      asks(6, 'b', 'outcome_unknown'),
      asks(7, 'c'),
    ]);
    expect(found.map(({ kind, key }) => [kind, key])).toEqual([
      ['outcome_unknown', 'outcome_unknown/run-1/3'],
      ['outcome_unknown', 'outcome_unknown/run-1/3'],
      ['decision', null],
    ]);
    expect(found[0]?.message).toStartWith('The process ended while "a", "b" ran.');
  });

  test('a locked vault is told of once in the life of a process', () => {
    const waits = (seq: number) =>
      event(seq, 'step_scheduled', { attempt: 1, waiting_for: 'vault' }, `s${seq}`);
    expect(told([waits(1), waits(2)]).map(({ key }) => key)).toEqual([
      'vault_locked/node-1',
      'vault_locked/node-1',
    ]);
  });

  test('messages go to channels and are kept for their agent as long as they say', () => {
    const says = (seq: number, change: Partial<EventPayloads['notification']>) =>
      event(seq, 'notification', { message: 'hi', level: 'warn', ttl_ms: 1000, ...change }, 'tell');
    const outbox = outboxOf([
      says(1, { agent_id: 'ben', data: { x: 1 } }),
      says(2, {}),
      says(3, { ttl_ms: 0 }),
    ]);
    expect(outbox?.messages).toEqual([
      { seq: 1, agent: 'ben', at: 1_700_000_000_001, expiresAt: 1_700_000_001_001 },
      { seq: 2, agent: null, at: 1_700_000_000_002, expiresAt: 1_700_000_001_002 },
    ]);
    expect(outbox?.notices[0]?.payload).toMatchObject({
      kind: 'notify',
      title: 'Message of deploy',
      message: 'hi',
      level: 'warn',
      data: { x: 1 },
    });
    // Without a rule nobody is told, but the message is kept.
    const silent = createOutbox(() => [])([says(1, {})], () => RUN);
    expect([silent?.notices, silent?.messages.length]).toEqual([[], 1]);
  });

  test('long texts and data are bounded, and pairs of surrogates whole', () => {
    const failed = event(1, 'workflow_failed', {
      error: { code: 'EXECUTION_ERROR', message: `${'x'.repeat(1478)}${'😀'.repeat(5000)}` },
    });
    const [notice] = outboxOf([failed])?.notices ?? [];
    const message = String(notice?.payload.message);
    expect(message.length).toBeLessThanOrEqual(1500);
    expect(message.isWellFormed()).toBe(true);
    const big = event(2, 'notification', {
      message: 'm',
      level: 'info',
      ttl_ms: 1,
      data: 'y'.repeat(9000),
    });
    expect(outboxOf([big])?.notices[0]?.payload.data).toEqual({ $truncated: 9002 });
  });

  test('every kind of an event can be chosen by a rule', () => {
    const kinds: NoticeKind[] = ['decision', 'run_failed', 'notify'];
    for (const kind of kinds) {
      const set = rules({ on: [kind], channel: 'one' });
      const all = [
        asks(1, 'a'),
        event(2, 'workflow_failed', { error: { code: 'EXECUTION_ERROR', message: 'x' } }),
        event(3, 'notification', { message: 'm', level: 'info', ttl_ms: 1 }),
      ];
      expect(outboxOf(all, {}, set)?.notices.map((notice) => notice.kind)).toEqual([kind]);
    }
  });
});
