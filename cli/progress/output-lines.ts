/**
 * What steps print, cut into whole lines and led by the step's name, so that steps that print at the
 * same time stay readable.
 */
import type { Style } from '../print/style.ts';
import { oneLine, printable } from '../print/text.ts';
import type { ShownOutput } from './display.ts';

/** A line longer than this is shown in pieces. */
const MAX_LINE = 4000;

export interface OutputLines {
  /** Whole lines that a chunk completes, each ending with a line break; may be empty. */
  push(chunk: ShownOutput): string;
  /** The unfinished lines of a step, or of all steps. */
  flush(path?: string): string;
}

/** Collects lines per step and stream. */
export function createOutputLines(style: Style): OutputLines {
  const open = new Map<string, { path: string; text: string }>();
  const bar = style.unicode ? '│' : '|';
  const line = (path: string, text: string): string =>
    `${style.dim(`${oneLine(path)} ${bar}`)} ${printable(text, style.enabled)}\n`;
  return {
    push({ path, stream, text }) {
      const key = `${stream}:${path}`;
      const parts = ((open.get(key)?.text ?? '') + text).split('\n');
      const rest = parts.pop() ?? '';
      const isLong = rest.length > MAX_LINE;
      open.set(key, { path, text: isLong ? '' : rest });
      const whole = isLong ? [...parts, rest] : parts;
      return whole.map((each) => line(path, each)).join('');
    },
    flush(path) {
      let shown = '';
      for (const [key, each] of open) {
        if (path !== undefined && each.path !== path) continue;
        if (each.text !== '') shown += line(each.path, each.text);
        open.delete(key);
      }
      return shown;
    },
  };
}
