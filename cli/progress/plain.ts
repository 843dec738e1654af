/**
 * Progress as plain lines, for logs and pipes: one line when something ended or is asked, and what
 * steps print, led by the step's name.
 */
import { isJsonObject, type Json, ownValue } from '../../src/model/json.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { EventView } from '../../src/ops/shapes.ts';
import { tagOf } from '../print/marks.ts';
import type { Style } from '../print/style.ts';
import { oneLine } from '../print/text.ts';
import type { OutputStream } from '../terminal.ts';
import type { Progress } from './display.ts';
import { createOutputLines } from './output-lines.ts';

/** Plain progress on a stream. */
export function createPlainProgress(stream: OutputStream): Progress {
  const lines = createOutputLines(stream.style);
  const put = (text: string): void => {
    if (text !== '') stream.write(text);
  };
  return {
    event(event) {
      if (event.step_id !== undefined) put(lines.flush(event.step_id));
      const line = eventLine(event, stream.style);
      if (line !== null) put(`${line}\n`);
    },
    output: (chunk) => put(lines.push(chunk)),
    note: (line) => put(`${line}\n`),
    pause: () => undefined,
    resume: () => undefined,
    close: () => put(lines.flush()),
  };
}

/** The line for an event that is worth one, else null. */
export function eventLine(event: EventView, style: Style): string | null {
  const path = oneLine(event.step_id ?? '');
  const get = (key: string): Json | undefined => payloadValue(event, key);
  switch (event.event_type) {
    case 'step_completed':
      if (path.includes('.iter_') || get('reused_from') !== undefined) return null;
      return `${tagOf('completed', style)}  ${path}${took(get('duration_ms'))}`;
    case 'step_failed':
      return `${tagOf('failed', style)}  ${path}  ${failureText(get('error'))}`;
    case 'step_ignored':
      return `${tagOf('failed', style)}  ${path}  ignored: ${failureText(get('error'))}`;
    case 'step_skipped':
      return `${tagOf('skipped', style)}  ${path}  ${String(get('reason')).replaceAll('_', ' ')}`;
    case 'step_retry_attempt':
      return `${tagOf('retrying', style)}  ${path}  ${failureText(get('error'))}`;
    case 'decision_requested':
      return `${tagOf('suspended', style)}  ${path}  a decision is asked for`;
    case 'decision_resolved':
      return `${tagOf('completed', style)}  ${path}  decided: ${oneLine(String(get('choice') ?? 'rejected'))}`;
    default:
      return null;
  }
}

function payloadValue({ payload }: EventView, key: string): Json | undefined {
  return isJsonObject(payload) ? ownValue(payload, key) : undefined;
}

const took = (ms: Json | undefined): string =>
  typeof ms === 'number' && ms >= 1 ? `  ${formatDuration(ms)}` : '';

function failureText(error: Json | undefined): string {
  if (!isJsonObject(error)) return '';
  return oneLine(`[${String(error.code)}] ${String(error.message)}`);
}
