/** Masking ten megabytes of what programs print, with one secret and with fifty (some 1,600 spellings). */

import { createMasker } from '../../../src/isolate/mask.ts';
import { formsOf } from '../../../src/isolate/secret-forms.ts';
import { createStreamMasker } from '../../../src/isolate/stream-mask.ts';
import type { Round } from '../figure.ts';
import { type BenchContext, type Suite, timedSync } from '../suite.ts';

const MIB = 1024 * 1024;
const PIECE = 64 * 1024;

const LINE =
  '{"level":"info","msg":"request \\"done\\"","path":"/a/b%20c","ms":12,"id":"4f1d22aa90be77c1"}\n';
const PROSE = 'the quick brown fox jumps over the lazy dog and 0123456789 again. ';

const secrets = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => {
    const random = new Bun.CryptoHasher('sha256', String(at)).digest('hex');
    return at % 2 === 0 ? `p@ss w"${random.slice(0, 16)}'/+é` : random.slice(0, 40);
  });

function measure(
  context: BenchContext,
  name: string,
  count: number,
  work: () => void,
  mib: number,
): void {
  const rounds: Round[] = [];
  for (let round = 0; round <= context.rounds(9); round++) {
    const ms = timedSync(work);
    // The first one compiles the pattern.
    if (round > 0) rounds.push({ samples: [ms / mib] });
  }
  const literals = formsOf(secrets(count)).sorted.length;
  context.add(`${name}, a MiB`, rounds, {
    settings: `${count} secrets, ${literals} spellings`,
    unit: 'ms',
    bar: { max: 25 },
  });
}

export const masking: Suite = {
  name: 'masking',
  about: 'secrets in what programs print',
  run(context) {
    const mib = context.quick ? 1 : 10;
    const json = LINE.repeat(Math.ceil((mib * MIB) / LINE.length));
    const prose = PROSE.repeat(Math.ceil((mib * MIB) / PROSE.length));
    for (const count of [1, 16, 50]) {
      const values = secrets(count);
      const masker = createMasker(values);
      measure(context, 'lines of JSON', count, () => void masker.text(json), mib);
      measure(context, 'prose', count, () => void masker.text(prose), mib);
      const stream = createStreamMasker(() => values);
      const pieces = (): void => {
        for (let at = 0; at < json.length; at += PIECE) {
          stream.push('stdout', json.slice(at, at + PIECE));
        }
      };
      measure(context, 'a stream of JSON', count, pieces, mib);
    }
    return Promise.resolve();
  },
};
