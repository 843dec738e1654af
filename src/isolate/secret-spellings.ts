/**
 * How programs write a text down: inside JSON, in an address, a form, a page, a Python or shell literal,
 * as hex and as base64. Whoever looks for a text in what a program printed looks for all of these.
 */

/** Every spelling that is not base64; the text itself is the first. */
export function spellingsOf(text: string): string[] {
  const json = inner(text);
  const ascii = toAscii(json);
  const bytes = Buffer.from(text, 'utf8');
  const joined = text.replaceAll(/[\t\n\r]/g, '');
  const hex = bytes.toString('hex');
  return [
    text,
    joined,
    ...[json, ascii, inner(json), inner(ascii), inner(inner(json)), forPages(json)],
    ...[json, ascii].map((each) => each.replaceAll('/', '\\/')),
    ...percentForms(text),
    ...urlPieces(text),
    ...pageForms(text),
    ...literals(text, bytes),
    hex,
    hex.toUpperCase(),
    hex.replaceAll(/..(?=.)/g, '$&:'),
    hex.replaceAll(/..(?=.)/g, '$& '),
    ...hostForms(joined),
  ];
}

/** A JSON string without its quotes. */
const inner = (text: string): string => JSON.stringify(text).slice(1, -1);

/** As encoders write it that keep to ASCII. */
const toAscii = (json: string): string =>
  json.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** As encoders write it whose JSON may stand inside a page. */
const forPages = (json: string): string =>
  json.replaceAll(/[<>&]/g, (unit) => `\\u00${unit.charCodeAt(0).toString(16)}`);

const lowerHex = (text: string): string =>
  text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

const percent = (text: string): string =>
  `%${text.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

function percentForms(text: string): string[] {
  const wellFormed = text.toWellFormed();
  const component = encodeURIComponent(wellFormed);
  const strict = component.replaceAll(/[!'()*]/g, percent);
  const form = new URLSearchParams({ '': text }).toString().slice(1);
  const forms = [
    component,
    strict,
    // Python's quote() leaves slashes as they are; encodeURI leaves all that may stand in an address.
    strict.replaceAll('%2F', '/'),
    encodeURI(wellFormed),
    form,
    strict.replaceAll('%20', '+'),
    form.replaceAll('%7E', '~'),
    // An address inside an address.
    encodeURIComponent(component),
  ];
  return [...forms, ...forms.map(lowerHex)];
}

/**
 * The pieces that the parser of addresses makes of the text: it encodes some characters, drops tabs and
 * line breaks, and takes `\` for `/`.
 */
function urlPieces(text: string): string[] {
  const pieces = [
    pieceOf('http://h/x', text, 'y'),
    pieceOf('http://h/?x=', text, 'y'),
    pieceOf('x://h/?x=', text, 'y'),
    pieceOf('x://h/x', text, 'y'),
    pieceOf('http://h/#x', text, 'y'),
    pieceOf('http://x', text, 'y@h/'),
    pieceOf('http://u:x', text, 'y@h/'),
    pieceOf('http://h/x', text, ''),
    pieceOf('http://h/?x=', text, ''),
    pieceOf('http://h/#x', text, ''),
  ];
  return pieces.flatMap((piece) => (piece === null ? [] : [piece, lowerHex(piece)]));
}

function pieceOf(before: string, text: string, after: string): string | null {
  const url = URL.canParse(before + text + after) ? new URL(before + text + after).href : null;
  if (url === null || !url.startsWith(before) || !url.endsWith(after)) return null;
  return url.slice(before.length, url.length - after.length);
}

/** Host names are written in small letters; an ordinary word in small letters is no secret. */
function hostForms(text: string): string[] {
  const small = text.toLowerCase();
  if (small === text || /^[a-z]+$/.test(small)) return [];
  const host = URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`).hostname : '';
  return [small, host];
}

const PAGE_STYLES: readonly (readonly [quote: string, apostrophe: string])[] = [
  ['&quot;', '&#39;'],
  ['&#34;', '&#39;'],
  ['&quot;', '&#x27;'],
  ['&quot;', '&apos;'],
  ['&quot;', "'"],
  ['"', "'"],
];

function pageForms(text: string): string[] {
  const bare = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const forms = PAGE_STYLES.map(([quote, apostrophe]) =>
    bare.replaceAll('"', quote).replaceAll("'", apostrophe),
  );
  return [
    ...forms,
    ...forms.map((form) => form.replaceAll('/', '&#x2F;').replaceAll('=', '&#x3D;')),
  ];
}

/** As Python, JavaScript and shells write it between quotes. */
function literals(text: string, bytes: Buffer): string[] {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  const byBytes = [...bytes]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, '0')}` : escapedByte(byte),
    )
    .join('');
  return [
    escaped,
    escaped.replaceAll("'", "\\'"),
    byBytes,
    byBytes.replaceAll("'", "\\'"),
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll(/["$`\\]/g, '\\$&'),
    text.replaceAll(/[^A-Za-z0-9_@%+=:,./-]/g, '\\$&'),
  ];
}

const escapedByte = (byte: number): string => (byte === 0x5c ? '\\\\' : String.fromCharCode(byte));

/** In base64: alone, and the characters that are the same whatever stands around the text. */
export function inBase64(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const alone = [bytes.toString('base64'), bytes.toString('base64url')];
  const inside = [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const first = offset === 0 ? 0 : offset + 1;
    const last = Math.floor((padded.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((name) =>
      padded.toString(name).slice(first, last),
    );
  });
  return [...alone, ...inside];
}
