/**
 * Masking a stream that comes in pieces: what may be the beginning of a secret is held back until it is
 * certain. Which secrets there are may change while the stream runs.
 */
import { certainEnd } from './certain-end.ts';
import { spansIn } from './find-secrets.ts';
import { isWhole, MASK, maskSpans, maskWhole } from './mask.ts';
import { formsOf, type SecretForms } from './secret-forms.ts';

export interface StreamMasker {
  /**
   * Masked text that is certain; what may be the beginning of a secret is held back. Behind a gap its
   * end will not come: then what was held back is masked as it stands.
   */
  push(stream: 'stdout' | 'stderr', text: string, isBehindGap?: boolean): string;
  /** Masks and gives what was held back. */
  flush(stream: 'stdout' | 'stderr'): string;
}

interface Held {
  text: string;
  /** Nothing was given out yet: it may still be a short secret and nothing else. */
  isFirst: boolean;
}

/** Masks streams; a secret that is cut over two pieces is found too. `secrets` is asked at each piece. */
export function createStreamMasker(secrets: () => readonly string[]): StreamMasker {
  const streams: Record<'stdout' | 'stderr', Held> = {
    stdout: { text: '', isFirst: true },
    stderr: { text: '', isFirst: true },
  };
  const forms = (): SecretForms => formsOf(secrets().filter((secret) => secret !== ''));
  return {
    push(stream, text, isBehindGap = false) {
      const held = streams[stream];
      if (isBehindGap && held.text !== '') {
        streams[stream] = { text: '', isFirst: false };
        return MASK + this.push(stream, text);
      }
      const known = forms();
      const all = held.text + text;
      held.text = all;
      if (held.isFirst && mayBeWhole(known, all)) return '';
      const spans = spansIn(known, all);
      const end = certainEnd(known, all, spans);
      held.text = all.slice(end);
      if (end > 0) held.isFirst = false;
      return maskSpans(
        all.slice(0, end),
        spans.filter(({ to }) => to <= end),
      );
    },
    flush(stream) {
      const held = streams[stream];
      const rest = held.text;
      held.text = '';
      const known = forms();
      if (held.isFirst && isWhole(known, rest)) return maskWhole(rest);
      return maskSpans(rest, spansIn(known, rest));
    },
  };
}

/** A stream that so far is a short secret, or the beginning of one. */
function mayBeWhole({ shortWhole }: SecretForms, text: string): boolean {
  if (shortWhole.length === 0) return false;
  const start = text.trimStart();
  const end = start.trimEnd();
  return shortWhole.some((secret) => secret === end || secret.startsWith(start));
}
