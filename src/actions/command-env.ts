/**
 * The variables that a step gives its command: names that any program can read, and of those that come
 * from data none that steers programs.
 */
import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';

export interface CommandEnv {
  readonly env: Readonly<Record<string, string>>;
  /** Names that are not taken over from the starter. */
  readonly dropped: readonly string[];
}

/** What no system can hand over under one name. */
const IMPOSSIBLE = /[=\0\n]/;
const DATA_NAME = /^[A-Z_][A-Z0-9_]*$/;
/** Names that load code, change how commands are found or read, or belong to the engine. */
const STEERING =
  /^(?:PATH|LD_.*|DYLD_.*|BASH_.*|ENV|IFS|PS\d|PROMPT_COMMAND|SHELLOPTS|NODE_OPTIONS|PYTHON.*|PERL5.*|RUBYOPT|JAVA_TOOL_OPTIONS|GIT_.*|OPCODE_.*)$/;

/**
 * The environment as a step gives it. `written` are the names that its author wrote, when data gave
 * others; a null value takes a name away.
 * @throws AppError VALIDATION_ERROR
 */
export function commandEnv(given: Json | undefined, written: Json | undefined): CommandEnv {
  const env: Record<string, string> = {};
  const dropped: string[] = [];
  if (!isJsonObject(given)) return { env, dropped };
  const own = isJsonArray(written) ? new Set(written) : null;
  for (const [name, value] of Object.entries(given)) {
    checkName(name, value, own === null || own.has(name));
    if (value === null) dropped.push(name);
    else env[name] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return { env, dropped };
}

function checkName(name: string, value: Json, isWritten: boolean): void {
  if (name === '*' && value === null && isWritten) return;
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  if (name === '' || name === '*' || IMPOSSIBLE.test(name)) {
    throw refusal(`"env": ${shown} is no name of a variable`);
  }
  if (isWritten) return;
  if (!DATA_NAME.test(name)) {
    throw refusal(`"env": ${shown} comes from data, where a name is capitals, digits and _`);
  }
  if (STEERING.test(name)) {
    throw refusal(`"env": ${name} steers programs and cannot come from data`);
  }
}

const refusal = (message: string): AppError =>
  new AppError('VALIDATION_ERROR', message, {
    hint: 'write the name into the definition, or give the data another one',
  });
