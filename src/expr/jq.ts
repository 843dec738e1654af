/**
 * The jq engine: `jq-wasm` loaded when it is first needed, one filter at a time.
 *
 * It gives no time limit: a filter that never ends can only be stopped with its process. After a
 * crash inside the engine (a value nested too deep) a fresh one is loaded for the next filter.
 */
import type { Json } from '../model/json.ts';
import { parseJson, printJson } from '../model/json-text.ts';

interface JqOptions {
  /** Values of `$name` variables. */
  readonly args: Readonly<Record<string, Json>>;
  /** Epoch milliseconds that `now` gives; 0 when not given. */
  readonly nowMs: number;
  /** Only the first output is wanted. */
  readonly firstOnly: boolean;
  /** Largest sum of the outputs' texts, in characters. */
  readonly maxOutputBytes: number;
  /** Most outputs of one filter. */
  readonly maxOutputs: number;
}

export type JqAnswer =
  | { readonly ok: true; readonly results: readonly Json[] }
  | {
      readonly ok: false;
      /** `compile`: the filter; `runtime`: the filter on this data; the others: a limit. */
      readonly kind: 'compile' | 'runtime' | 'output_too_large' | 'limit';
      readonly message: string;
    };

/** Runs a filter over one input. */
export interface JqEngine {
  run(filter: string, input: Json, options: JqOptions): Promise<JqAnswer>;
}

interface RawJq {
  raw(
    input: string,
    query: string,
    flags: string[],
  ): {
    stdout: string;
    stderr: string;
    exitCode: number;
  };
}

/** What must not be reached from a filter, whatever its source looked like. */
const CLOSED_NAMES =
  'input inputs debug stderr input_filename input_line_number modulemeta get_search_list halt'
    .split(' ')
    .map((name) => `def ${name}: error("${name} cannot be used here");`)
    .join(' ');

/**
 * Builtins that this build of jq gets wrong: `%Z` fails in its C library although the zone is always
 * UTC, `gamma` is not there, and `halt_error(0)` would end with success and lose its message.
 */
const MENDED_NAMES = `${['strftime', 'strflocaltime']
  .map(
    (name) =>
      `def _opcode_${name}(f): ${name}(f); ` +
      `def ${name}(f): _opcode_${name}(f | if type == "string" then ` +
      `split("%%") | map(split("%Z") | join("UTC")) | join("%%") else . end);`,
  )
  .join(' ')} def gamma: lgamma; def halt_error: error; def halt_error($code): error;`;

/** The variable that carries an argument called ENV, which jq itself would not let through. */
const ENV_ARGUMENT = '__opcode_env';

/** An engine that loads jq at its first filter. */
export function createJqEngine(): JqEngine {
  let loaded: Promise<RawJq> | undefined;
  const load = (): Promise<RawJq> => {
    loaded ??= import('jq-wasm/inline').then(({ loadJq }) => loadJq());
    return loaded;
  };
  return {
    async run(filter, input, options) {
      const jq = await load();
      try {
        return runFilter(jq, filter, input, options);
      } catch (thrown) {
        loaded = undefined;
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        const message = `jq gave up: a value is too large or nests too deep (${why})`;
        return { ok: false, kind: 'limit', message };
      }
    },
  };
}

function runFilter(jq: RawJq, filter: string, input: Json, options: JqOptions): JqAnswer {
  const count = options.firstOnly ? 1 : options.maxOutputs + 1;
  const flags = ['-c'];
  for (const [name, value] of Object.entries({ ENV: {}, ...options.args })) {
    flags.push('--argjson', name === 'ENV' ? ENV_ARGUMENT : name, jsonFor(value));
  }
  const text = jsonFor(input);
  const prelude = `def env: {}; def now: ${options.nowMs / 1000}; ${CLOSED_NAMES} ${MENDED_NAMES} $${ENV_ARGUMENT} as $ENV |`;
  // On one line with the filter, whose own lines then keep their numbers.
  const whole = `${prelude} limit(${count};`;
  const run = jq.raw(text, `${whole}${filter}\n)`, flags);
  if (run.exitCode === 0) return outputsOf(run.stdout, options);
  if (!isCompileError(run)) {
    return { ok: false, kind: 'runtime', message: readable(run.stderr, whole.length) };
  }
  // Compiled without what is put around it, so that the message speaks of the filter alone.
  const alone = jq.raw('null', `${prelude}${filter}\n`, flags);
  const message = isCompileError(alone)
    ? readable(alone.stderr, prelude.length)
    : readable(run.stderr, whole.length);
  return { ok: false, kind: 'compile', message };
}

/** Prints JSON as jq reads it: half a surrogate pair, which it refuses, becomes U+FFFD. */
function jsonFor(value: Json): string {
  const text = printJson(value);
  if (!text.includes('\\ud')) return text;
  // Printed text escapes surrogates only when they stand alone.
  return text.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (found) =>
    found.length === 6 ? '\\ufffd' : found,
  );
}

function isCompileError(run: { exitCode: number; stderr: string }): boolean {
  return run.exitCode === 3 && /compile errors?\s*$/.test(run.stderr);
}

function outputsOf(stdout: string, options: JqOptions): JqAnswer {
  if (stdout.length > options.maxOutputBytes) {
    const message = `the output has ${stdout.length} bytes, more than the ${options.maxOutputBytes} allowed`;
    return { ok: false, kind: 'output_too_large', message };
  }
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length > options.maxOutputs) {
    const message = `the filter gives more than ${options.maxOutputs} outputs`;
    return { ok: false, kind: 'limit', message };
  }
  try {
    return { ok: true, results: lines.map(parseJson) };
  } catch (thrown) {
    // jq keeps the digits of a number that it did not calculate with, also of one beyond a double.
    if (!(thrown instanceof SyntaxError)) throw thrown;
    return { ok: false, kind: 'runtime', message: thrown.message };
  }
}

/** jq's own message in one line, with the place counted in the filter alone. */
function readable(stderr: string, before: number): string {
  const [first = 'jq failed'] = stderr.split('\n');
  return first
    .replace(/^(?:jq: )?error(?: \(at [^)]*\))?(?: \(not a string\))?: /, '')
    .replace(/^(?:jq: )+/, '')
    .replace(/ at <top-level>, line (\d+)(?:, column (\d+))?:?$/, (_all, line, column) => {
      if (column === undefined) return ` at line ${line}`;
      const own = line === '1' ? Math.max(1, Number(column) - before) : column;
      return ` at line ${line}, column ${own}`;
    });
}
