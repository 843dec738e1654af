/** The figures: read as Prometheus reads them, true to what happened. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createMeter } from '../../src/http/metrics-meter.ts';
import { createHistogram, metricsText } from '../../src/http/metrics-text.ts';
import { codeSpans, reference } from '../docs/markdown.ts';
import { eventually } from '../support/patience.ts';
import { post, type Served, serve } from './daemon.ts';

/** Samples by `name{labels}`, read as the text format says; throws at a line that is none. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, type] = /^# TYPE ([a-z_]+) (?:counter|gauge|histogram)$/.exec(line) ?? [];
    if (type !== undefined) {
      if (typed.has(type)) throw new Error(`${type} is there twice`);
      typed.add(type);
    }
    if (line.startsWith('#')) continue;
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (-?[\d.e+-]+|\+Inf)$/.exec(
      line,
    );
    if (sample === null) throw new Error(`not a sample: ${line}`);
    const [, name = '', labels = '', value] = sample;
    if (!typed.has(name) && !typed.has(name.replace(/_(bucket|sum|count)$/, ''))) {
      throw new Error(`${name} has no type`);
    }
    samples.set(`${name}${labels}`, Number(value));
  }
  return samples;
}

describe('of a daemon', () => {
  let served: Served;
  beforeEach(async () => {
    served = await serve();
  });
  afterEach(() => served.close());

  const read = async (): Promise<Map<string, number>> => {
    const response = await fetch(`${served.url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return samplesOf(await response.text());
  };

  test('tell runs, steps, commits, events, requests, sessions and the process', async () => {
    const step = { id: 'say', action: 'shell.exec', params: { command: 'true' } };
    const definition = { steps: [step] };
    await post(`${served.url}/api/v1/run`, { definition, wait: '2m' });
    await fetch(`${served.url}/api/v1/launch`);
    const stream = await fetch(`${served.url}/api/v1/events`);
    const figures = await read();
    await stream.body?.cancel();
    expect(figures.get('opcode_runs{status="completed"}')).toBe(1);
    expect(figures.get('opcode_runs{status="failed"}')).toBe(0);
    expect(
      figures.get('opcode_step_duration_seconds_count{action="shell.exec",outcome="completed"}'),
    ).toBe(1);
    expect(figures.get('opcode_events_total')).toBe(4);
    expect(figures.get('opcode_commit_duration_seconds_count')).toBeGreaterThan(0);
    expect(figures.get('opcode_commit_duration_seconds_bucket{le="+Inf"}')).toBe(
      figures.get('opcode_commit_duration_seconds_count') ?? 0,
    );
    expect(figures.get('opcode_database_bytes')).toBeGreaterThan(4096);
    expect(figures.get('opcode_steps_queued')).toBe(0);
    expect(figures.get('opcode_slots')).toBe(64);
    expect(figures.get('opcode_sessions{kind="events"}')).toBe(1);
    expect(figures.get('opcode_sessions{kind="mcp"}')).toBe(0);
    const requests = (labels: string) =>
      figures.get(`opcode_http_request_duration_seconds_count{${labels}}`);
    expect(requests('method="POST",route="/api/v1/run",status="200"')).toBe(1);
    expect(requests('method="GET",route="/api/v1/:operation",status="404"')).toBe(1);
    expect(figures.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(figures.get('process_start_time_seconds')).toBeGreaterThan(1e9);
    expect([...figures.keys()].some((key) => key.startsWith('opcode_build_info{version='))).toBe(
      true,
    );
    const told = codeSpans(reference('daemon').prose);
    const names = [...figures.keys()].map((key) =>
      key.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, ''),
    );
    expect(names.filter((name) => !told.includes(name))).toEqual([]);
  });

  test('tell what waits for a slot, and breakers that are open', async () => {
    await served.close();
    served = await serve({ pool_size: 1, 'circuit_breaker.failures': 1 });
    const sleep = { action: 'shell.exec', params: { command: 'sleep', args: ['60'] } };
    const definition = { steps: ['a', 'b', 'c'].map((id) => ({ id, ...sleep })) };
    const started = await post(`${served.url}/api/v1/run`, { definition, wait: 0 });
    const { workflow_id } = (await started.json()) as { workflow_id: string };
    let figures = await eventually(async () => {
      const seen = await read();
      return seen.get('opcode_steps_executing') === 1 && seen;
    }, 'one executes');
    expect(figures.get('opcode_steps_queued')).toBe(2);
    expect(figures.get('opcode_live_runs')).toBe(1);
    await post(`${served.url}/api/v1/signal`, { workflow_id, signal_type: 'cancel', wait: '2m' });
    const get = { id: 'get', action: 'http.get', params: { url: 'http://127.0.0.1:1/' } };
    await post(`${served.url}/api/v1/run`, { definition: { steps: [get] }, wait: '2m' });
    figures = await read();
    expect(figures.get('opcode_circuit_breaker{target="http://127.0.0.1:1",state="open"}')).toBe(1);
  });
});

describe('as text', () => {
  test('a histogram counts what is at most each bound', () => {
    const histogram = createHistogram('h', 'Help.', [1, 5]);
    for (const value of [0.5, 1, 3, 10]) histogram.observe({ a: 'x' }, value);
    expect(metricsText([histogram.family()])).toBe(
      [
        '# HELP h Help.',
        '# TYPE h histogram',
        'h_bucket{a="x",le="1"} 2',
        'h_bucket{a="x",le="5"} 3',
        'h_bucket{a="x",le="+Inf"} 4',
        'h_sum{a="x"} 14.5',
        'h_count{a="x"} 4',
        '',
      ].join('\n'),
    );
  });

  test('labels may hold anything, and one is told nothing of that does not exist', () => {
    const text = metricsText([
      {
        name: 'g',
        help: 'Help.',
        type: 'gauge',
        samples: [{ labels: { t: 'a"b\\c\nd' }, value: 1 }],
      },
      { name: 'none', help: 'Help.', type: 'gauge', samples: [] },
    ]);
    expect(text).toEndWith('g{t="a\\"b\\\\c\\nd"} 1\n');
    expect(text).not.toContain('none');
  });

  test('a meter keeps a bounded number of series, and counts the rest together', () => {
    const meter = createMeter();
    for (let i = 0; i < 2000; i++) meter.action(`plugin.tool${i}`, 1, 'completed');
    const samples = samplesOf(metricsText(meter.families()));
    const counts = [...samples].filter(([key]) =>
      key.startsWith('opcode_step_duration_seconds_count'),
    );
    expect(counts.length).toBeLessThan(600);
    expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(2000);
  });
});
