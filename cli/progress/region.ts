/**
 * A few lines at the bottom of a terminal that are drawn again and again, with ordinary lines above.
 *
 * No state of the terminal is changed, so nothing has to be restored when the process dies; after
 * `clear` nothing is left. A region never is higher than the terminal.
 */
import type { OutputStream } from '../terminal.ts';

const CLEAR_BELOW = '\u001b[0J';
const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A`);

export interface Region {
  /** Replaces what is drawn. Lines must fit the width. */
  draw(lines: readonly string[]): void;
  /** Puts text above what is drawn; it ends with a line break. */
  above(text: string): void;
  clear(): void;
}

/** A region at the cursor, which stands at the beginning of a line. */
export function createRegion(stream: OutputStream): Region {
  let drawn: readonly string[] = [];
  const erase = (): string => (drawn.length === 0 ? '' : `${up(drawn.length)}\r${CLEAR_BELOW}`);
  const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  return {
    draw(lines) {
      const fitting = lines.slice(0, Math.max(0, stream.rows() - 1));
      if (sameLines(fitting, drawn)) return;
      stream.write(`${erase()}${textOf(fitting)}`);
      drawn = fitting;
    },
    above(text) {
      stream.write(`${erase()}${text}${textOf(drawn)}`);
    },
    clear() {
      if (drawn.length > 0) stream.write(erase());
      drawn = [];
    },
  };
}

const sameLines = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, i) => line === b[i]);
