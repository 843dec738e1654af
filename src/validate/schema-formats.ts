/** Tests of `format` that are stricter than the validator's own, for the same texts everywhere. */
import { format } from '@cfworker/json-schema';

const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
/** Without leading zeros, which other readers take for octal numbers (RFC 6943, 3.1.1). */
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);
/** RFC 3339 has T between date and time; the validator would take a blank too. */
const DATE_THEN_T = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T/i;

const dateTime = format['date-time'];

/** Puts the stricter tests into the validator's table, which is the only place it looks at. */
export function useStrictFormats(): void {
  format.ipv4 = (text) => IPV4.test(text);
  format['date-time'] = (text) => DATE_THEN_T.test(text) && dateTime?.(text) === true;
}
