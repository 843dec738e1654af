/**
 * A process that writes to one database until told to stop, for tests that kill it or run nine at once.
 *
 * `bun writer-process.ts PATH NAME SIZE GROUPS`: makes GROUP runs `NAME-<i>`, then appends one event
 * to each of them per group, sends a message to the run `shared` after each, and prints the number of
 * committed groups, one a line, as soon as a caller would be told that they are durable.
 */
import { writeSync } from 'node:fs';
import { asRunId } from '../../../src/model/ids.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { append, completed, creation, message, T0 } from '../../contract/store-fixtures.ts';

const [path = '', name = '', size = '1', most = '0'] = process.argv.slice(2);
const store = openSqliteStore({ path, synchronous: 'normal' });
const names = Array.from({ length: Number(size) }, (_, index) => `${name}-${index}`);

const outcomes = await store.append(names.map((run) => creation(run)));
if (!outcomes.every((outcome) => outcome.ok)) throw new Error('a run could not be made');
for (let groups = 1; groups <= Number(most); groups += 1) {
  const seq = groups + 1;
  const events = [completed(seq, `${'x'.repeat(seq % 50)}`, T0 + seq)];
  const written = await store.append(
    names.map((run) => append(run, { expectedSeq: seq - 1, events })),
  );
  if (!written.every((outcome) => outcome.ok)) throw new Error(`group ${groups} was lost`);
  writeSync(1, `${groups}\n`);
  store.send(message('shared', { body: name, idempotencyKey: null }));
  if (store.head(asRunId(`${name}-0`))?.seq !== seq) throw new Error('read something else');
}
store.close();
