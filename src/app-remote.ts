/**
 * The application of a command line that works on another server: its operations over HTTP, and
 * nothing of this machine.
 */
import type { openApp } from './app.ts';
import { createRemoteOps } from './http/remote.ts';
import { type RemoteServer, remoteUrl } from './http/remote-request.ts';
import { AppError } from './model/error.ts';

export { type RemoteServer, remoteUrl };

type OpenedApp = Awaited<ReturnType<typeof openApp>>;

/** What is not there says that it needs the machine of the database. */
const needsThatMachine = (url: string): AppError =>
  new AppError('VALIDATION_ERROR', `this needs the database, and OPCODE_URL names ${url}`, {
    hint: 'use it on that machine, or leave OPCODE_URL out to work on this one',
  });

/** Opens a server. Nothing is sent before an operation is called. */
export async function openRemote(server: RemoteServer): Promise<OpenedApp> {
  const here = { ops: createRemoteOps(server), engine: null, close: () => Promise.resolve() };
  return new Proxy(here as unknown as OpenedApp, {
    get(target, name) {
      if (name === 'then' || Object.hasOwn(target, name)) return Reflect.get(target, name);
      throw needsThatMachine(server.url);
    },
  });
}
