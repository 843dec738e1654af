/**
 * What the scenario needs of a client, whatever it is: to list the tools and to call one.
 */
import type { World } from '../../e2e/opcode.ts';
import type { DaemonProcess } from './daemon-process.ts';

export interface Answer {
  /** The structured content. */
  readonly data: Record<string, unknown>;
  readonly text: string;
  /** A picture as base64. */
  readonly image: string | null;
}

export interface TestClient {
  /** The names that the server lists. */
  tools(): Promise<string[]>;
  /** Calls a tool, `run` for `opcode.run`. @throws when the call fails */
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Answer>;
  close(): Promise<void>;
}

/** One way to reach the server. */
export interface ClientKind {
  readonly name: string;
  /** How the tools are listed on this way. */
  readonly names: 'dots' | 'underscores';
  /** Starts `opcode mcp` in this world, and by that a daemon that is to be stopped. */
  readonly stdio?: boolean;
  /** Shows the token of the daemon when it has one. */
  readonly showsToken?: boolean;
  connect(daemon: DaemonProcess, world: World): Promise<TestClient>;
}

interface RawContent {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
}

/** A result as the protocol has it. @throws when it says that it is an error */
export function answerOf(result: Readonly<Record<string, unknown>>): Answer {
  const content = (result.content ?? []) as readonly RawContent[];
  const text = content.find(({ type }) => type === 'text')?.text ?? '';
  if (result.isError === true) throw new Error(text);
  return {
    data: (result.structuredContent ?? {}) as Record<string, unknown>,
    text,
    image: content.find(({ type }) => type === 'image')?.data ?? null,
  };
}
