/**
 * The daemon's end of `opcode mcp`: a Unix socket in a folder that only this user may enter. Each
 * connection is a client like one on standard input, after one line each way: which database the other
 * side means, and whether it is this one.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { McpDeps } from './server.ts';
import { answerSocketCall, socketCallOf } from './socket-call.ts';
import { type StdioSession, serveMcpStdio } from './stdio.ts';
import { SPELLINGS, type Spelling } from './tool-names.ts';

/** First line of a client. */
export interface Hello {
  readonly opcode: 'hello';
  /** Absolute path of the database it means. */
  readonly db: string;
  readonly version: string;
  readonly names: Spelling;
}

/** First line of the daemon. */
export type Welcome =
  | { readonly opcode: 'welcome'; readonly version: string; readonly pid: number }
  | { readonly opcode: 'refused'; readonly message: string };

export interface SocketDoor {
  /** Lets calls that are being answered end (who waits must have been told to stop), then closes. */
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly path: string;
  readonly db: string;
  readonly deps: McpDeps;
}

/** How long a client may take to say hello, and calls to end when the daemon stops. */
const HELLO_MS = 5000;
const END_MS = 2000;
const LEAVE_MS = 20;

/** Opens the socket; one that a daemon before has left is replaced. */
export function openSocketDoor(options: DoorOptions): SocketDoor {
  const { path, deps } = options;
  const calls = new Set<Promise<unknown>>();
  const sockets = new Set<Socket>();
  const onCall = (answered: Promise<unknown>): void => {
    calls.add(answered);
    const remove = (): boolean => calls.delete(answered);
    answered.then(remove, remove);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', (error) => deps.log.debug('MCP over a socket', { error: error.message }));
    receive(socket, { ...options, deps: { ...deps, onCall } });
  });
  server.on('error', (error) =>
    deps.log.warn('`opcode mcp` cannot use this daemon', { socket: path, error: error.message }),
  );
  listen(server, path);
  return {
    async close() {
      server.close();
      await Promise.race([Promise.allSettled(calls), after(END_MS)]);
      await after(LEAVE_MS);
      for (const socket of sockets) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function listen(server: Server, path: string): void {
  // Nobody listens there: only one daemon can have got as far as this.
  rmSync(path, { force: true });
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

/** Waits for the hello, then serves; what follows the hello is the client's already. */
function receive(socket: Socket, { db, deps }: DoorOptions): void {
  const late = setTimeout(() => socket.destroy(), HELLO_MS);
  let session: StdioSession | null = null;
  let head = Buffer.alloc(0);
  const onData = (data: Buffer): void => {
    head = Buffer.concat([head, data]);
    const at = head.indexOf(10);
    if (at < 0) {
      if (head.length > MAX_HELLO_BYTES) socket.destroy();
      return;
    }
    clearTimeout(late);
    socket.off('data', onData);
    socket.pause();
    const first = head.subarray(0, at).toString();
    const call = socketCallOf(first);
    if (call !== null) {
      const answer = answerSocketCall(deps.ops, db, call).then((text) => socket.end(`${text}\n`));
      deps.onCall?.(answer);
      socket.resume();
      return;
    }
    const hello = helloOf(first);
    const refusal = refusalOf(hello, db);
    if (hello === null || refusal !== null) {
      socket.end(line({ opcode: 'refused', message: refusal ?? 'this is not a hello' }));
      return;
    }
    socket.write(line({ opcode: 'welcome', version: deps.version, pid: process.pid }));
    const rest = head.subarray(at + 1);
    session = serveMcpStdio(deps, hello.names, { input: socket, output: socket });
    if (rest.length > 0) socket.unshift(rest);
    socket.resume();
  };
  socket.on('data', onData);
  socket.once('close', () => {
    clearTimeout(late);
    session
      ?.close()
      .catch((thrown: unknown) =>
        deps.log.debug('MCP over a socket', { error: messageOf(thrown) }),
      );
  });
}

const MAX_HELLO_BYTES = 64 * 1024;

const line = (message: Welcome): string => `${JSON.stringify(message)}\n`;

function helloOf(text: string): Hello | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value) || value.opcode !== 'hello') return null;
    const { db, version, names } = value;
    if (typeof db !== 'string' || typeof version !== 'string') return null;
    return {
      opcode: 'hello',
      db,
      version,
      names: SPELLINGS.find((each) => each === names) ?? 'underscores',
    };
  } catch {
    // Not a hello, so it is refused.
    return null;
  }
}

function refusalOf(hello: Hello | null, db: string): string | null {
  if (hello === null || hello.db === db) return null;
  return `this daemon works on ${db}, not on ${hello.db}`;
}

/** What the daemon answered to a hello. @throws what cannot be read */
export function welcomeOf(text: string): Welcome {
  const value: unknown = JSON.parse(text);
  if (isJsonObject(value) && (value.opcode === 'welcome' || value.opcode === 'refused')) {
    return value as unknown as Welcome;
  }
  throw new Error('the other side is no daemon of opcode');
}
