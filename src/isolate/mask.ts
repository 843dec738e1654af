/**
 * Replacing secrets by `***` in whatever is recorded: texts and JSON values.
 *
 * A secret of under 8 characters is masked only where it is a whole string, because it would be found
 * everywhere. Our own tokens are masked whatever secrets there are.
 */
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';
import type { Masker } from '../model/ports.ts';
import { certainEnd } from './certain-end.ts';
import { reachOf, spansByWindow, spansIn, WINDOW } from './find-secrets.ts';
import { formsOf, type SecretForms } from './secret-forms.ts';
import type { Span } from './skeleton.ts';

/** What stands for a secret. */
export const MASK = '***';

/** Masks these secret values in texts and JSON. */
export function createMasker(secrets: readonly string[]): Masker {
  const forms = formsOf(secrets.filter((secret) => secret !== ''));
  return {
    text: (value) => maskText(forms, value),
    part: (value, from, to) => maskPart(forms, value, from, to),
    cutOff: (value) => maskEnd(forms, value),
    json: (value) => maskJson(forms, value),
    jsonInTurns: (value) =>
      inTurns(maskByPiece(forms, value, { chars: 0, last: { text: '', masked: '' } })),
  };
}

function maskText(forms: SecretForms, text: string): string {
  if (isWhole(forms, text)) return maskWhole(text);
  return maskSpans(text, spansIn(forms, text));
}

function maskPart(forms: SecretForms, text: string, from: number, to: number): string {
  if (isWhole(forms, text)) return MASK;
  const reach = reachOf(forms);
  const first = Math.max(0, from - reach);
  const spans = spansIn(forms, text.slice(first, to + reach)).flatMap((span) => {
    const [begin, end] = [Math.max(span.from + first, from), Math.min(span.to + first, to)];
    return begin < end ? [{ from: begin - from, to: end - from }] : [];
  });
  return maskSpans(text.slice(from, to), spans);
}

function maskEnd(forms: SecretForms, text: string): string {
  const from = Math.max(0, text.length - 2 * reachOf(forms));
  const end = text.slice(from);
  const certain = certainEnd(forms, end, spansIn(forms, end));
  return certain === end.length ? text : text.slice(0, from + certain) + MASK;
}

/** The mask, with the blanks that stand around the text. */
export const maskWhole = (text: string): string => text.replace(text.trim(), () => MASK);

/** True when a text is one secret and blanks around it. */
export function isWhole(forms: SecretForms, text: string): boolean {
  if (forms.whole.has(text)) return true;
  const trimmed = text.length <= forms.longestWhole + 8 ? text.trim() : '';
  return trimmed !== '' && forms.whole.has(trimmed);
}

function maskJson(forms: SecretForms, value: Json): Json {
  if (typeof value === 'string') return maskText(forms, value);
  if (typeof value === 'number') return forms.whole.has(String(value)) ? MASK : value;
  if (isJsonArray(value)) return value.map((item) => maskJson(forms, item));
  if (!isJsonObject(value)) return value;
  const masked: Record<string, Json> = {};
  const nameOf = createKeys(forms, masked);
  for (const [key, item] of Object.entries(value)) {
    setOwn(masked, nameOf(key), maskJson(forms, item));
  }
  return masked;
}

/** Gives each key of an object a name of its own: what several would become gets a number. */
function createKeys(forms: SecretForms, taken: Readonly<Record<string, Json>>) {
  const counts = new Map<string, number>();
  return (key: string): string => {
    const masked = maskText(forms, key);
    let name = masked;
    while (Object.hasOwn(taken, name)) {
      const count = (counts.get(masked) ?? 1) + 1;
      counts.set(masked, count);
      name = `${masked} (${count})`;
    }
    return name;
  };
}

interface Spent {
  /** Characters looked at since the last turn was given. */
  chars: number;
  /** The long text that was masked last: what a command printed is given twice. */
  last: { readonly text: string; readonly masked: string };
}

/** What a value takes beside its characters, counted as characters. */
const PER_VALUE = 16;

/** `maskJson`, yielding whenever about a window of characters was looked at. */
function* maskByPiece(
  forms: SecretForms,
  value: Json,
  spent: Spent,
): Generator<undefined, Json, undefined> {
  if (typeof value === 'string' && value.length > WINDOW && !isWhole(forms, value)) {
    spent.chars = 0;
    if (value === spent.last.text) return spent.last.masked;
    const masked = maskSpans(value, yield* spansByWindow(forms, value));
    spent.last = { text: value, masked };
    return masked;
  }
  spent.chars += PER_VALUE + (typeof value === 'string' ? value.length : 0);
  if (spent.chars > WINDOW) {
    spent.chars = 0;
    yield;
  }
  if (isJsonArray(value)) {
    const masked: Json[] = [];
    for (const item of value) masked.push(yield* maskByPiece(forms, item, spent));
    return masked;
  }
  if (!isJsonObject(value)) return maskJson(forms, value);
  const masked: Record<string, Json> = {};
  const nameOf = createKeys(forms, masked);
  for (const [key, item] of Object.entries(value)) {
    const name = nameOf(key);
    setOwn(masked, name, yield* maskByPiece(forms, item, spent));
  }
  return masked;
}

/** Carries the work out, giving whoever waits a turn wherever it yields. */
async function inTurns<T>(work: Generator<undefined, T, undefined>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** The text with every span replaced. */
export function maskSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  let masked = '';
  let done = 0;
  for (const { from, to } of spans) {
    masked += text.slice(done, from) + MASK;
    done = to;
  }
  return masked + text.slice(done);
}
