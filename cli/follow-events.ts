/** Events of a run as they are recorded, also when their database is replaced meanwhile. */
import { anewFrom } from '../src/ops/event-cursor.ts';
import type { CallContext } from '../src/ops/operation.ts';
import type { PlacedEvent } from '../src/ops/shapes.ts';
import type { App, Cli } from './command.ts';

type Asked = Parameters<App['ops']['followEvents']>[1];

/**
 * Yields what `followEvents` does. When the database of the server was restored or replaced meanwhile,
 * `onAnew` gets the place behind its newest event and says what to follow from then on.
 * @throws what the operation throws
 */
export async function* followEvents(
  app: Pick<App, 'ops'>,
  context: CallContext,
  input: Asked,
  onAnew: (asOf: string) => Asked,
): AsyncGenerator<PlacedEvent> {
  let asked = input;
  for (;;) {
    try {
      yield* app.ops.followEvents(context, asked);
      return;
    } catch (thrown) {
      const asOf = anewFrom(thrown);
      if (asOf === null) throw thrown;
      asked = onAnew(asOf);
    }
  }
}

/** Shows the whole log of a run again where it is another one than before, and says so. */
export function followLog(
  cli: Pick<Cli, 'json' | 'note' | 'printJsonLine'>,
  app: Pick<App, 'ops'>,
  context: CallContext,
  run: string,
): AsyncGenerator<PlacedEvent> {
  const input = { workflow_id: run };
  return followEvents(app, context, input, (asOf) => {
    if (cli.json) cli.printJsonLine({ event: 'reset', as_of: asOf });
    else cli.note('The database was restored or replaced. The log of the run as it is there:');
    return input;
  });
}
