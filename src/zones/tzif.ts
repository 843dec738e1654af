/** Reads a compiled zone file (TZif, RFC 9636), as systems have them in `/usr/share/zoneinfo`. */
import { parsePosixRule, periodsOfRule } from './posix-rule.ts';
import { type Period, type Zone, zoneOfPeriods } from './zone.ts';

const MAGIC = 0x545a6966;
const HEADER_BYTES = 44;
const TYPE_BYTES = 6;
/** As far as the bundled database goes. */
const LAST_YEAR = 2499;

interface Header {
  readonly version: number;
  readonly isUtc: number;
  readonly isStandard: number;
  readonly leaps: number;
  readonly times: number;
  readonly types: number;
  readonly chars: number;
}

/** Reads a zone from the bytes of its file. @throws Error for bytes that are no TZif file */
export function readTzif(name: string, bytes: Uint8Array): Zone {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const first = headerAt(view, 0);
    if (first.version === 0) {
      return zoneOfPeriods(name, periodsAt(view, HEADER_BYTES, first, 4));
    }
    // The first block is for readers of 32-bit times; the second one says all.
    const start = HEADER_BYTES + bodyLength(first, 4);
    const header = headerAt(view, start);
    const body = start + HEADER_BYTES;
    const periods = periodsAt(view, body, header, 8);
    return zoneOfPeriods(name, [...periods, ...later(view, body + bodyLength(header, 8), periods)]);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new Error(`the zone file of ${name} is cut short`);
    throw thrown;
  }
}

function headerAt(view: DataView, at: number): Header {
  if (view.getUint32(at) !== MAGIC) throw new Error('it is no zone file');
  const count = (index: number): number => view.getUint32(at + 20 + index * 4);
  return {
    version: view.getUint8(at + 4),
    isUtc: count(0),
    isStandard: count(1),
    leaps: count(2),
    times: count(3),
    types: count(4),
    chars: count(5),
  };
}

function bodyLength(header: Header, timeBytes: number): number {
  return (
    header.times * (timeBytes + 1) +
    header.types * TYPE_BYTES +
    header.chars +
    header.leaps * (timeBytes + 4) +
    header.isStandard +
    header.isUtc
  );
}

function periodsAt(view: DataView, at: number, header: Header, timeBytes: 4 | 8): Period[] {
  const kinds = at + header.times * timeBytes;
  const types = kinds + header.times;
  const chars = types + header.types * TYPE_BYTES;
  const typeOf = (index: number): Omit<Period, 'from'> => {
    const type = types + index * TYPE_BYTES;
    return {
      offset: view.getInt32(type),
      abbreviation: textAt(view, chars + view.getUint8(type + 5)),
    };
  };
  const periods: Period[] = [{ from: Number.NEGATIVE_INFINITY, ...typeOf(0) }];
  for (let i = 0; i < header.times; i += 1) {
    const from = timeBytes === 4 ? view.getInt32(at + i * 4) : Number(view.getBigInt64(at + i * 8));
    periods.push({ from, ...typeOf(view.getUint8(kinds + i)) });
  }
  return periods;
}

function textAt(view: DataView, at: number): string {
  let text = '';
  for (let i = at; view.getUint8(i) !== 0; i += 1) text += String.fromCharCode(view.getUint8(i));
  return text;
}

/** The periods that follow from the rule behind the last block. */
function later(view: DataView, at: number, periods: readonly Period[]): Period[] {
  const footer = new TextDecoder().decode(
    new Uint8Array(view.buffer, view.byteOffset + at, view.byteLength - at),
  );
  const rule = parsePosixRule(footer.trim());
  if (rule === null) return [];
  const last = periods.at(-1)?.from ?? Number.NEGATIVE_INFINITY;
  return periodsOfRule(rule, Number.isFinite(last) ? last : 0, LAST_YEAR);
}
