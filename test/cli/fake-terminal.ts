/** A terminal for tests: keeps what was written, says what it is told to be. */
import { createStyle } from '../../cli/print/style.ts';
import type { OutputStream, Terminal } from '../../cli/terminal.ts';

export interface FakeStream extends OutputStream {
  text(): string;
}

/** A stream that is a terminal when it has columns. */
export function fakeStream(
  options: { columns?: number; rows?: number; color?: boolean; unicode?: boolean } = {},
): FakeStream {
  let written = '';
  const { columns = null, rows = 24, color = false, unicode = true } = options;
  return {
    write: (text) => {
      written += typeof text === 'string' ? text : new TextDecoder().decode(text);
    },
    text: () => written,
    isTerminal: columns !== null,
    style: createStyle({ enabled: color, unicode }),
    columns: () => columns,
    rows: () => rows,
  };
}

export interface FakeTerminal extends Terminal {
  readonly stdout: FakeStream;
  readonly stderr: FakeStream;
}

/** A terminal whose streams are no terminals, with `input` on stdin. */
export function fakeTerminal(input = ''): FakeTerminal {
  return {
    stdout: fakeStream(),
    stderr: fakeStream(),
    stdin: { isTerminal: false, readAll: async () => input },
    closed: new AbortController().signal,
    flushed: async () => undefined,
  };
}
