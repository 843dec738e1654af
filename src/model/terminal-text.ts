/**
 * Characters that make a terminal, or any reader, show a text in another order than it has: who approves
 * what he reads must read what is there.
 */

/** Marks, embeddings, overrides and isolates of writing direction. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Control characters that JSON leaves as they are, and those above. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The text with each of them as an escape. */
export const withoutReordering = (text: string): string => text.replaceAll(REORDERING, escaped);

/** JSON text that says the same and holds nothing that a terminal would act on. */
export const terminalJson = (json: string): string => json.replaceAll(UNSAFE_IN_JSON, escaped);
