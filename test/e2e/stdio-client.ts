/** A client of `opcode mcp` in a few lines: what it says and hears is plain JSON-RPC. */
import type { World } from './opcode.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: { readonly structuredContent?: Record<string, unknown> };
  readonly error?: unknown;
}

export interface StdioClient {
  /** Calls a tool; resolves with its structured answer. */
  tool(name: string, args: object): Promise<Record<string, unknown>>;
  readonly notifications: readonly Message[];
  stderr(): string;
  close(): Promise<void>;
}

/** Starts `opcode mcp` and initializes the session. */
export async function stdioClient(world: World, ...args: string[]): Promise<StdioClient> {
  const child = world.spawnOpen('mcp', ...args);
  const waiting = new Map<number, (message: Message) => void>();
  const notifications: Message[] = [];
  let stderr = '';
  let last = 0;
  const hear = (line: string): void => {
    const message = JSON.parse(line) as Message;
    if (message.id === undefined) notifications.push(message);
    else waiting.get(message.id)?.(message);
  };
  void lines(child.stdout, hear);
  void (async () => {
    for await (const chunk of child.stderr) stderr += new TextDecoder().decode(chunk);
  })();
  const say = (message: object): void => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    child.stdin.flush();
  };
  const ask = (method: string, params: object): Promise<Message> => {
    last += 1;
    const id = last;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      say({ id, method, params });
    });
  };
  await ask('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  say({ method: 'notifications/initialized' });
  return {
    async tool(name, args) {
      const { result, error } = await ask('tools/call', { name, arguments: args });
      if (result?.structuredContent === undefined) throw new Error(JSON.stringify(error ?? result));
      return result.structuredContent;
    },
    notifications,
    stderr: () => stderr,
    async close() {
      child.stdin.end();
      await child.exited;
    },
  };
}

async function lines(stream: ReadableStream, hear: (line: string) => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (text + decoder.decode(chunk, { stream: true })).split('\n');
    text = parts.pop() ?? '';
    for (const part of parts) if (part !== '') hear(part);
  }
}
