/**
 * What is known about an example of the Go program: the situations it is run in, and the end that
 * is right in each. The examples themselves stay where they are checked out.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** How the stub server answers a path; a body that is no text is sent as JSON. */
export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body?: Json;
}

/** The place that a situation has for itself while it is run. */
export interface Place {
  /** A folder that is empty before `prepare` fills it. */
  readonly folder: string;
  /** The stub's address of `path`, which answers with `answer` (200 and a small object) from now on. */
  readonly url: (path: string, answer?: Answer) => string;
  /** An address on loopback where nobody listens. */
  readonly closed: string;
}

export interface Situation {
  /** Names it when an example has several. */
  readonly as?: string;
  readonly params: (at: Place) => JsonObject;
  /** Makes files and repositories before the run. */
  readonly prepare?: (at: Place) => void;
  /** Changes the definition first; the situation is then run with a version of its own. */
  readonly change?: (definition: JsonObject) => JsonObject;
  /** Choices by the path of the asking step. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly ends: 'completed' | 'failed';
  /** Of an end that is a failure: what its message has to hold. */
  readonly says?: string;
  /** Statuses by step path. A step that failed and is not named here is a difference. */
  readonly steps?: Readonly<Record<string, string>>;
  /** Step paths that must not have run. */
  readonly without?: readonly string[];
  /** Every request to the stub, `METHOD path`, in any order. */
  readonly calls?: readonly string[];
  /** JSON that a path was sent, the named keys of it. */
  readonly sent?: Readonly<Record<string, JsonObject>>;
  /** Looks at what the run left; what it returns are differences. */
  readonly after?: (at: Place) => readonly string[];
}

export interface Example {
  readonly name: string;
  readonly situations: readonly Situation[];
}
