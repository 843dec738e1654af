/**
 * Run ids as people see and type them.
 */

/** Ids that begin with a time are told apart only behind it. */
const TIME_ORDERED = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;

/** The beginning of an id: short, and as a rule unique. */
export const shortId = (id: string): string => id.slice(0, TIME_ORDERED.test(id) ? 13 : 8);
