/** Events of a run as they are recorded, also when their database is replaced meanwhile. */
import { anewFrom } from '../src/ops/event-cursor.ts';
import type { CallContext } from '../src/ops/operation.ts';
import type { PlacedEvent } from '../src/ops/shapes.ts';
import type { App, Cli } from './command.ts';

type Asked = Parameters<App['ops']['followEvents']>[1];

/**
 * Yields what `followEvents` does. A database that was restored or replaced while it is followed over a
 * server is told to the person, and followed behind its newest event. @throws what the operation throws
 */
export async function* followEvents(
  cli: Pick<Cli, 'note'>,
  app: Pick<App, 'ops'>,
  context: CallContext,
  input: Asked,
): AsyncGenerator<PlacedEvent> {
  let asked = input;
  for (;;) {
    try {
      yield* app.ops.followEvents(context, asked);
      return;
    } catch (thrown) {
      const asOf = anewFrom(thrown);
      if (asOf === null) throw thrown;
      cli.note(
        'the database was restored or replaced: what was shown may differ from its log now (opcode events); going on with what is new',
      );
      asked = { ...input, after: asOf };
    }
  }
}
