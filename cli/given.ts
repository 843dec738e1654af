/** What a command line gives to every command, and the applications that commands work with. */
import type { App, ExecuteOptions } from '../src/app.ts';
import type { Engine } from '../src/model/engine.ts';

export type { App };

/** The application in a process that executes runs. */
export type ExecutingApp = App & { readonly engine: Engine };

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly dbPath?: string;
  readonly logLevel?: string;
  readonly allowHttp?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What an opened application is for besides reading and sending. */
export interface OpenedFor {
  /** It makes room: on a full disk the reserve may be spent for it. */
  readonly makesRoom?: boolean;
}

/** Options of opening the application for a command that only reads. */
interface LookOptions {
  /** False for what the executable itself holds: then a database that is too old does not matter. */
  readonly needsData?: boolean;
}

/** The ways to open the application; each opens it once. */
export interface Opening {
  /** The server that commands work on; null when they work on this machine's database. */
  readonly server: string | null;
  /** To read and to send; `program.ts` closes it. */
  open(isFor?: OpenedFor): Promise<App>;
  /** To look: nothing is written, neither in the database nor beside it. */
  openToLook(options?: LookOptions): Promise<App>;
  /** To execute runs. */
  openExecuting(options?: ExecuteOptions): Promise<ExecutingApp>;
  /** The same, but without an engine when a daemon lives that does what would be done here. */
  openUnlessDaemon(options?: ExecuteOptions): Promise<App>;
  /** Closes what was opened. */
  close(): Promise<void>;
}
