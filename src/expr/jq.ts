/**
 * The jq engine: `jq-wasm` loaded when it is first needed, one filter at a time.
 *
 * It gives no time limit: a filter that never ends can only be stopped with its process. After a
 * crash inside the engine (a value nested too deep) a fresh one is loaded for the next filter.
 */
import type { Json } from '../model/json.ts';

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
  const prelude = `def env: {}; def now: ${options.nowMs / 1000}; ${CLOSED_NAMES} {} as $ENV |`;
  const count = options.firstOnly ? 1 : options.maxOutputs + 1;
  const flags = ['-c'];
  for (const [name, value] of Object.entries(options.args)) {
    flags.push('--argjson', name, JSON.stringify(value));
  }
  const text = JSON.stringify(input);
  const run = jq.raw(text, `${prelude} limit(${count};\n${filter}\n)`, flags);
  if (run.exitCode === 0) return outputsOf(run.stdout, options);
  if (!isCompileError(run)) {
    return { ok: false, kind: 'runtime', message: readable(run.stderr) };
  }
  // Compiled without what is put around it, so that the message speaks of the filter alone.
  const alone = jq.raw('null', `${prelude}\n${filter}\n`, flags);
  return {
    ok: false,
    kind: 'compile',
    message: readable(isCompileError(alone) ? alone.stderr : run.stderr),
  };
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
  return { ok: true, results: lines.map(parseOutput) };
}

/** jq prints numbers that no double can hold; they become the largest one. */
function parseOutput(line: string): Json {
  const finite = (_key: string, value: unknown): unknown =>
    value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
      ? Math.sign(value as number) * Number.MAX_VALUE
      : value;
  return (/[eE]\+?\d{3}|\d{300}/.test(line) ? JSON.parse(line, finite) : JSON.parse(line)) as Json;
}

/** jq's own message in one line, with the line number counted in the filter. */
function readable(stderr: string): string {
  const [first = 'jq failed'] = stderr.split('\n');
  return first
    .replace(/^jq: error(?: \(at [^)]*\))?(?: \(not a string\))?: /, '')
    .replace(/ at <top-level>, line (\d+)(?:, column (\d+))?:?$/, (_all, line, column) => {
      const where = `line ${Math.max(1, Number(line) - 1)}`;
      return column === undefined ? ` at ${where}` : ` at ${where}, column ${column}`;
    });
}
