/**
 * `dist/opcode serve` as a process, on a free port, in a home of its own.
 */
import { newWorld, type World } from '../../e2e/opcode.ts';

export interface DaemonProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly world: World;
  /** What clients over HTTP show, when they are to show one. */
  readonly token?: string;
  stop(): Promise<void>;
}

/** Starts the daemon and waits until it is ready. */
export async function startDaemonProcess(): Promise<DaemonProcess> {
  const world = newWorld();
  const child = world.start('serve', '--listen-addr', '127.0.0.1:0', '--grace', '0s');
  const url = await readyUrl(child.stderr);
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    world,
    async stop() {
      child.kill('SIGTERM');
      await child.exited;
      world.close();
    },
  };
}

/** The address it says it is ready at; what it says later is read too, or a full pipe would hold it up. */
function readyUrl(stderr: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = '';
    const read = async (): Promise<void> => {
      for await (const chunk of stderr) {
        text += decoder.decode(chunk, { stream: true });
        const found = /"urls":\["([^"]+)"/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      }
      reject(new Error(`the daemon did not start:\n${text}`));
    };
    read().catch(reject);
  });
}

/** The header that shows the token. */
export const tokenHeaders = ({ token }: DaemonProcess): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
