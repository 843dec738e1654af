/** The other end of the daemon's socket: hello, welcome, then lines. */
import { connect, type Socket } from 'node:net';
import { AppError } from '../model/error.ts';
import type { Json } from '../model/json.ts';
import { onLines } from './lines.ts';
import type { Upstream } from './relay.ts';
import { type Hello, welcomeOf } from './socket.ts';
import { resultOfSocketCall, type SocketCall } from './socket-call.ts';

/** How long a daemon may take to answer a hello. */
const WELCOME_MS = 10_000;

/**
 * The daemon at this socket, null when nobody listens there.
 * @throws CONFLICT when it is not the one that is meant
 */
export function connectSocket(path: string, hello: Hello): Promise<Upstream | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let greeted = false;
    let take: (line: string) => void = () => undefined;
    let gone: () => void = () => undefined;
    const early: string[] = [];
    const late = setTimeout(() => {
      reject(new AppError('CONFLICT', 'the daemon does not answer'));
      socket.destroy();
    }, WELCOME_MS);
    const greet = (line: string): void => {
      clearTimeout(late);
      greeted = true;
      const refusal = refusalIn(line);
      if (refusal === null) {
        resolve({
          send: (text) => void socket.write(`${text}\n`),
          onLine(listener) {
            take = listener;
            for (const each of early.splice(0)) take(each);
          },
          onClose(listener) {
            gone = listener;
            if (socket.destroyed) gone();
          },
          close: () => socket.destroy(),
        });
        take = (each) => void early.push(each);
        return;
      }
      reject(new AppError('CONFLICT', refusal));
      socket.destroy();
    };
    socket.once('connect', () => socket.write(`${JSON.stringify(hello)}\n`));
    onLines(socket, (line) => (greeted ? take(line) : greet(line)));
    endsQuietly(socket, () => {
      clearTimeout(late);
      // Nobody there, or it ended before it answered: whoever asks looks again.
      if (!greeted) resolve(null);
      gone();
    });
  });
}

/** How long an operation that was handed over may take. */
const CALL_MS = 60_000;

/**
 * What the daemon at this socket answers to one operation; null when nobody listens there, or who does
 * knows no such calls.
 * @throws what the operation threw; CONFLICT when no answer comes
 */
export function callOverSocket(path: string, call: SocketCall): Promise<Json | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const late = setTimeout(() => {
      reject(new AppError('CONFLICT', 'the daemon does not answer'));
      socket.destroy();
    }, CALL_MS);
    socket.once('connect', () => socket.write(`${JSON.stringify(call)}\n`));
    onLines(socket, (line) => {
      try {
        resolve(resultOfSocketCall(line));
      } catch (thrown) {
        reject(thrown);
      }
      socket.destroy();
    });
    endsQuietly(socket, () => {
      clearTimeout(late);
      resolve(null);
    });
  });
}

/** An error of a socket is followed by its close, which says all that matters here. */
function endsQuietly(socket: Socket, ended: () => void): void {
  socket.on('error', () => undefined);
  socket.once('close', ended);
}

function refusalIn(line: string): string | null {
  try {
    const welcome = welcomeOf(line);
    return welcome.opcode === 'welcome' ? null : welcome.message;
  } catch {
    // Whatever it is, it is not a daemon.
    return 'something else than a daemon listens at its socket';
  }
}
