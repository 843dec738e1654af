/**
 * Peers for http tests: a plain server with a route function, and raw sockets that misbehave.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createSocketServer,
  type Socket,
  type Server as SocketServer,
} from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Peer {
  readonly url: string;
  readonly seen: Seen[];
  /** Connections that are open. */
  readonly open: () => number;
  close(): Promise<void>;
}

export type Route = (seen: Seen, response: ServerResponse) => void;

const listen = (server: Server | SocketServer): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

/** A server on loopback that answers by `route` and keeps what it saw. */
export async function httpPeer(route: Route): Promise<Peer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
      };
      seen.push(one);
      route(one, response);
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, seen, ...lifeOf(server) };
}

/** A socket that does with a request whatever it likes. */
export async function rawPeer(answer: (socket: Socket, head: string) => void): Promise<Peer> {
  const server = createSocketServer((socket) => {
    // The other side hangs up on purpose in these tests.
    socket.on('error', () => socket.destroy());
    socket.once('data', (data) => answer(socket, data.toString()));
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, seen: [], ...lifeOf(server) };
}

function lifeOf(server: Server | SocketServer): Pick<Peer, 'open' | 'close'> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return {
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
