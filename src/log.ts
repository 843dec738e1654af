/**
 * The log: JSON lines on stderr, readable lines when stderr is a terminal. stdout is for results.
 *
 * Owns levels and the two line formats. Control characters never reach a terminal as they are, and a
 * field that cannot be written as JSON costs only itself, never the line.
 */
import { messageOf } from './model/error.ts';
import type { Logger } from './model/ports.ts';
import { terminalJson, withoutReordering } from './model/terminal-text.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

type Fields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level: LogLevel;
  /** Readable lines instead of JSON. */
  readonly pretty: boolean;
  readonly color?: boolean;
  readonly write: (line: string) => void;
  readonly now: () => number;
  /** Makes secrets in a line unreadable. */
  readonly mask?: (line: string) => string;
  /** Fields of every line: `workflow_id`, `step_id`, `agent_id`, … */
  readonly fields?: Fields;
}

/** A logger that writes one line per message at or above its level, and never throws. */
export function createLogger(options: LogOptions): Logger {
  const least = LOG_LEVELS.indexOf(options.level);
  const at =
    (level: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (LOG_LEVELS.indexOf(level) < least) return;
      const all = { ...options.fields, ...fields };
      const line = options.pretty
        ? prettyLine(options, level, message, all)
        : jsonLine(options, level, message, all);
      options.write(`${options.mask?.(line) ?? line}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The same log with further fields on every line. */
export function withFields(log: Logger, fields: Fields): Logger {
  return {
    debug: (message, more) => log.debug(message, { ...fields, ...more }),
    info: (message, more) => log.info(message, { ...fields, ...more }),
    warn: (message, more) => log.warn(message, { ...fields, ...more }),
    error: (message, more) => log.error(message, { ...fields, ...more }),
  };
}

function jsonLine(options: LogOptions, level: LogLevel, message: string, fields: Fields): string {
  const head = { time: new Date(options.now()).toISOString(), level, message };
  const safe: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && !Object.hasOwn(head, key)) safe[key] = plainValue(value);
  }
  return terminalJson(JSON.stringify({ ...head, ...safe }));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return { message: value.message, stack: value.stack };
  if (typeof value === 'bigint') return String(value);
  try {
    return JSON.stringify(value) === undefined ? String(value) : value;
  } catch (thrown) {
    return `[not JSON: ${messageOf(thrown)}]`;
  }
}

const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: '\u001b[2m',
  info: '\u001b[36m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
};

function prettyLine(options: LogOptions, level: LogLevel, message: string, fields: Fields): string {
  const time = new Date(options.now()).toISOString().slice(11, 19);
  const word = level.toUpperCase().padEnd(5);
  const shown = options.color === true ? `${COLORS[level]}${word}\u001b[0m` : word;
  const parts = [time, shown, printable(message)];
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${printable(key)}=${printable(fieldText(value))}`);
  }
  return parts.join(' ');
}

function fieldText(value: unknown): string {
  const plain = plainValue(value);
  if (value instanceof Error) return value.message;
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

/** Control characters, which could move the cursor or forge a line, as escapes. */
const printable = (text: string): string =>
  withoutReordering(text).replaceAll(
    /\p{Cc}/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
