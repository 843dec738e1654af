/** Reading: status, overview, events, logs, diagrams, nodes; finding runs and steps. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import { ask, errorOf, type Harness, noop, openHarness, person, runOf, steps } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

const loop = {
  id: 'each',
  type: 'loop',
  config: { over: [1, 2], body: [noop('double', '${{loop.item}}')] },
};

describe('status', () => {
  test('shows one run whole', async () => {
    const { workflow_id } = await runOf(
      harness.ops,
      { ...steps(noop('a', '${{inputs.x}}'), ask('q')), context: { intent: 'i' } },
      { params: { x: 1 }, agent_id: 'bot' },
    );
    const status = await harness.ops.status(person, { workflow_id });
    expect(status).toMatchObject({
      workflow_id,
      status: 'suspended',
      paused: false,
      template: null,
      agent_id: 'bot',
      input: { x: 1 },
      context: { intent: 'i' },
      steps: {
        a: { status: 'completed', input: { value: 1 }, output: { value: 1 } },
        q: { status: 'suspended', type: 'reasoning' },
      },
      waiting_for: [{ step_id: 'q', kind: 'decision' }],
      next: { tool: 'signal' },
    });
    expect(status.pending_decisions).toHaveLength(1);
    expect(status.events[0]).toMatchObject({
      sequence: 1,
      event_type: 'workflow_started',
      workflow_id,
      agent_id: 'bot',
    });
    expect(status.events.at(-1)?.sequence).toBe(status.last_sequence);
    expect(status.output).toBeUndefined();
  });

  test('shows only what is asked for', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a'), ask('q')));
    const status = await harness.ops.status(person, { workflow_id, include: ['decisions'] });
    expect(status).toMatchObject({ steps: {}, events: [], context: {} });
    expect(status.pending_decisions).toHaveLength(1);
  });

  test('shows one step by its unique last part, and says when it is not unique', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(loop, noop('z')));
    const one = await harness.ops.status(person, { workflow_id, step_id: 'iter_1.double' });
    expect(one.steps).toMatchObject({ 'each.iter_1.double': { output: { value: 2 } } });
    expect(Object.keys(one.steps)).toEqual(['each.iter_1.double']);
    const error = await errorOf(
      harness.ops.status(person, { workflow_id, step_id: 'double' }),
      'VALIDATION_ERROR',
    );
    expect(error.message).toContain('each.iter_0.double, each.iter_1.double');
    await errorOf(harness.ops.status(person, { workflow_id, step_id: 'nope' }), 'NOT_FOUND');
  });

  test('assembles the output of composites', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(loop));
    const include = ['steps' as const];
    const { steps: shown } = await harness.ops.status(person, { workflow_id, include });
    expect(shown.each?.output).toEqual({ iterations: 2, results: [{ value: 1 }, { value: 2 }] });
  });

  test('gives the events after a sequence, and waits for the first of them', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    const { last_sequence } = await harness.ops.status(person, { workflow_id });
    const waiting = harness.ops.status(person, {
      workflow_id,
      wait: '1h',
      since_sequence: last_sequence,
    });
    const payload = { choice: 'yes' };
    await harness.ops.signal(person, { workflow_id, signal_type: 'decision', payload });
    const status = await waiting;
    expect(status.events[0]?.sequence).toBe(last_sequence + 1);
    expect(status.events.at(-1)?.sequence).toBe(status.last_sequence);
  });

  test('of a run that nobody has taken on shows what it will start with', async () => {
    const left = await harness.reader.run(person, {
      definition: steps(noop('a')),
      params: { x: 1 },
      context: { c: 2 },
      wait: 0,
    });
    const workflow_id = 'workflow_id' in left ? left.workflow_id : '';
    expect(await harness.ops.status(person, { workflow_id })).toMatchObject({
      status: 'pending',
      input: { x: 1 },
      context: { c: 2 },
      events: [],
      has_executor: false,
    });
  });

  test('follows a run from call to call without folding it anew', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), noop('z')));
    await harness.ops.status(person, { workflow_id });
    const payload = { choice: 'yes' };
    await harness.ops.signal(person, { workflow_id, signal_type: 'decision', payload, wait: '2m' });
    expect(await harness.ops.status(person, { workflow_id })).toMatchObject({
      status: 'completed',
      steps: { z: { status: 'completed' } },
    });
  });
});

describe('finding a run', () => {
  test('by unique prefix and @last', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a')));
    const byPrefix = await harness.ops.status(person, { workflow_id: workflow_id.slice(0, 8) });
    expect(byPrefix.workflow_id).toBe(workflow_id);
    const last = await harness.ops.status(person, { workflow_id: '@last' });
    expect(last.workflow_id).toBe(workflow_id);
  });

  test('by a prefix of several names them, of none is NOT_FOUND', async () => {
    await errorOf(harness.ops.status(person, { workflow_id: '@last' }), 'NOT_FOUND');
    const ids: string[] = [];
    for (let i = 0; i < 17; i++) ids.push((await runOf(harness.ops, steps(noop('a')))).workflow_id);
    const shared = ids.find((id) => ids.filter((other) => other[0] === id[0]).length > 1);
    const error = await errorOf(
      harness.ops.status(person, { workflow_id: shared?.[0] ?? '' }),
      'VALIDATION_ERROR',
    );
    expect(error.message).toContain('several');
    await errorOf(harness.ops.status(person, { workflow_id: 'zzz' }), 'NOT_FOUND');
  });
});

describe('the overview', () => {
  test('tells what runs, what waits and why, what failed lately', async () => {
    await runOf(harness.ops, { ...steps(ask('q')), metadata: { name: 'waiter' } });
    await runOf(harness.ops, { ...steps({ id: 'f', action: 'test.fail' }) });
    await runOf(harness.ops, steps(noop('a')));
    await runOf(harness.ops, steps({ id: 'w', type: 'wait', config: { duration: '30d' } }), {
      wait: 0,
    });
    const overview = await harness.ops.overview(person, {});
    expect(overview.counts).toMatchObject({ suspended: 1, failed: 1, completed: 1, active: 1 });
    expect(overview.running).toHaveLength(1);
    expect(overview.waiting[0]).toMatchObject({
      name: 'waiter',
      waiting_for: [{ text: '"q" waits for a decision: Deploy? (yes, no)' }],
    });
    expect(overview.failed[0]).toMatchObject({ error: { code: 'NON_RETRYABLE' } });
    expect(overview.pending_decisions).toHaveLength(1);
  });

  test('forgets failures that are older than asked', async () => {
    await runOf(harness.ops, steps({ id: 'f', action: 'test.fail' }));
    harness.engine.clock.jump(48 * 3_600_000);
    expect((await harness.ops.overview(person, {})).failed).toEqual([]);
    const within = await harness.ops.overview(person, { failed_within: '3d' });
    expect(within.failed).toHaveLength(1);
    await errorOf(harness.ops.overview(person, { failed_within: 'long' }), 'VALIDATION_ERROR');
  });
});

describe('events', () => {
  test('are the log in order, paged by id', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a'), noop('b')));
    const all = await harness.ops.events(person, { workflow_id });
    expect(all.events.map((event) => event.sequence)).toEqual(all.events.map((_, i) => i + 1));
    expect(all.next_after_id).toBeNull();
    const first = await harness.ops.events(person, { workflow_id, limit: 2 });
    expect(first.next_after_id).toBe(first.events[1]?.id ?? -1);
    const rest = await harness.ops.events(person, {
      workflow_id,
      after_id: first.next_after_id ?? 0,
    });
    expect([...first.events, ...rest.events]).toEqual(all.events);
  });

  test('are paged by cursors, each of which is a place to go on from', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a'), noop('b')));
    const all = await harness.ops.events(person, { workflow_id });
    expect(all.next_after).toBeNull();
    expect(all.as_of).toBe(all.events.at(-1)?.cursor ?? '');
    const first = await harness.ops.events(person, { workflow_id, limit: 2 });
    expect(first.next_after).toBe(first.events[1]?.cursor ?? '');
    expect(first.as_of).toBe(all.as_of);
    const after = first.next_after ?? '';
    const rest = await harness.ops.events(person, { workflow_id, after });
    expect([...first.events, ...rest.events]).toEqual(all.events);
    const none = await harness.ops.events(person, { workflow_id, after: all.as_of });
    expect(none).toMatchObject({ events: [], next_after: null, as_of: all.as_of });
    for (const bare of [2, '2']) {
      expect(await harness.ops.events(person, { workflow_id, after: bare })).toEqual(rest);
    }
    const ids: number[] = [];
    for await (const { id } of harness.ops.followEvents(person, { workflow_id, after }))
      ids.push(id);
    expect(ids).toEqual(rest.events.map(({ id }) => id));
    await harness.ops.query(person, { resource: 'events' }).then(({ events, as_of }) => {
      expect(events?.[0]?.cursor).toBe(all.as_of);
      expect(as_of).toBe(all.as_of);
    });
  });

  test.each([
    ['of another database', { after: '0123456789ab.1' }],
    ['ahead of the newest', { after: 900 }],
    ['ahead as a bare id', { after_id: 900 }],
  ])('of a place %s are CONFLICT, which says where to go on', async (_name, place) => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a')));
    const { as_of } = await harness.ops.events(person, { workflow_id });
    const page = await errorOf(harness.ops.events(person, { workflow_id, ...place }), 'CONFLICT');
    expect(page.details).toMatchObject({ as_of });
    const follow = harness.ops.followEvents(person, place)[Symbol.asyncIterator]();
    expect((await errorOf(follow.next(), 'CONFLICT')).details).toMatchObject({ as_of });
  });

  test('of two places, or of none that can be read, are refused', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a')));
    const refused = async (place: object) =>
      (await errorOf(harness.ops.events(person, { workflow_id, ...place }), 'VALIDATION_ERROR'))
        .message;
    expect(await refused({ after: 1, after_id: 1 })).toContain('both say where to begin');
    expect(await refused({ after: 1.5 })).toContain('after: must be a whole number');
    expect(await refused({ after: -1 })).toContain('after: ');
    for (const after of ['x', '1.5', '-1']) {
      expect(await refused({ after })).toContain('must be a cursor that an answer gave');
    }
    expect((await harness.ops.events(person, { workflow_id, after: '' })).events).toHaveLength(4);
  });

  test('are followed to the end of the run', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), noop('z')));
    const seen: string[] = [];
    const following = (async () => {
      for await (const event of harness.ops.followEvents(person, { workflow_id })) {
        seen.push(event.event_type);
      }
    })();
    const payload = { choice: 'yes' };
    await harness.ops.signal(person, { workflow_id, signal_type: 'decision', payload });
    await following;
    expect(seen[0]).toBe('workflow_started');
    expect(seen.at(-1)).toBe('workflow_completed');
    expect(new Set(seen).has('decision_resolved')).toBe(true);
  });

  test('of all runs are followed from now on, until the caller stops', async () => {
    await runOf(harness.ops, steps(noop('before')));
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      const ctx = { ...person, abort: stop.signal };
      for await (const event of harness.reader.followEvents(ctx, {})) {
        seen.push(event.event_type);
        if (event.event_type === 'workflow_completed') stop.abort();
      }
    })();
    await runOf(harness.ops, steps(noop('after')));
    await following;
    expect(seen.filter((type) => type === 'workflow_started')).toHaveLength(1);
  });

  test('of an unknown run are NOT_FOUND', async () => {
    await errorOf(harness.ops.events(person, { workflow_id: 'nope' }), 'NOT_FOUND');
    const follow = harness.ops.followEvents(person, { workflow_id: 'nope' });
    await errorOf(follow[Symbol.asyncIterator]().next(), 'NOT_FOUND');
  });
});

describe('logs', () => {
  const print = (workflowId: string, path: string, text: string): void =>
    harness.store.appendLogs([
      { runId: asRunId(workflowId), path, attempt: 1, stream: 'stdout', text, at: 0 },
    ]);

  test('are what steps printed, of all or of one, in pages', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a'), noop('b')));
    print(workflow_id, 'a', 'one');
    print(workflow_id, 'b', 'two');
    print(workflow_id, 'a', 'three');
    const all = await harness.ops.logs(person, { workflow_id });
    expect(all.chunks.map((chunk) => chunk.text)).toEqual(['one', 'two', 'three']);
    const first = await harness.ops.logs(person, { workflow_id, limit: 2 });
    expect(first.next_after_offset).toBe(first.chunks[1]?.offset ?? -1);
    const ofA = await harness.ops.logs(person, { workflow_id, step_id: 'a' });
    expect(ofA.chunks.map((chunk) => chunk.text)).toEqual(['one', 'three']);
    await errorOf(harness.ops.logs(person, { workflow_id, step_id: 'x' }), 'NOT_FOUND');
  });

  test('are followed until the run has ended', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    print(workflow_id, 'q', 'one');
    const seen: string[] = [];
    for await (const chunk of harness.ops.followLogs(person, { workflow_id })) {
      seen.push(chunk.text);
      if (seen.length > 1) continue;
      print(workflow_id, 'q', 'two');
      const payload = { choice: 'yes' };
      await harness.ops.signal(person, { workflow_id, signal_type: 'decision', payload });
    }
    expect(seen).toEqual(['one', 'two']);
  });
});

describe('diagrams', () => {
  test('of a definition in every text format', async () => {
    const definition = { ...steps(noop('a'), loop), metadata: { name: 'my flow' } };
    const draw = (format: 'ascii' | 'mermaid' | 'dot') =>
      harness.ops.diagram(person, { definition, format });
    expect((await draw('ascii')).text).toContain('my flow');
    expect((await draw('mermaid')).text).toContain('flowchart TD');
    expect((await draw('dot')).text).toContain('digraph');
  });

  test('of a run show statuses unless told not to', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(noop('a'), ask('q')));
    const withStatus = await harness.ops.diagram(person, { workflow_id, format: 'mermaid' });
    expect(withStatus.text).toContain('classDef completed');
    expect(withStatus.text).toContain('suspended');
    const without = await harness.ops.diagram(person, {
      workflow_id,
      format: 'mermaid',
      include_status: false,
    });
    expect(without.text).not.toContain('classDef');
  });

  test('of a template show a dependency that is only read', async () => {
    const definition = steps(noop('z', '${{steps.a.output}}'), noop('a'));
    await harness.ops.define(person, { name: 't', definition });
    const { text } = await harness.ops.diagram(person, { template_name: 't', format: 'mermaid' });
    expect(text).toContain('n1 --> n0');
  });

  test('that cannot be made say what works', async () => {
    const error = await errorOf(
      harness.ops.diagram(person, { definition: steps(noop('a')), format: 'svg' }),
      'EXECUTION_ERROR',
    );
    expect(error.hint).toContain('ascii');
    await errorOf(
      harness.ops.diagram(person, { definition: steps(), format: 'ascii' }),
      'VALIDATION_ERROR',
    );
  });
});

describe('nodes', () => {
  test('are the processes that execute', async () => {
    const { nodes, without_executor } = await harness.reader.nodes(person, {});
    expect(nodes).toHaveLength(1);
    expect(nodes[0]).toMatchObject({ role: 'test', alive: true, pid: process.pid });
    expect(without_executor).toBe(0);
  });

  test('count what nobody executes', async () => {
    await harness.reader.run(person, { definition: steps(noop('a')), wait: 0 });
    expect((await harness.reader.nodes(person, {})).without_executor).toBe(1);
    await errorOf(harness.reader.recover(person, {}), 'CONFLICT');
  });
});
