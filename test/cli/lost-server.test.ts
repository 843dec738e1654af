/** Who followed a run on a server that is gone is told that the run is not. */
import { expect, test } from 'bun:test';
import { withLeftRun } from '../../cli/lost-server.ts';
import { AppError } from '../../src/model/error.ts';

test('a server that is gone is told with the run that was followed there', () => {
  const gone = new AppError('ACTION_UNAVAILABLE', 'http://x cannot be reached', { hint: 'is it?' });
  expect(withLeftRun(gone, 'r1')).toMatchObject({
    code: 'ACTION_UNAVAILABLE',
    message: 'http://x cannot be reached',
    hint: expect.stringContaining('opcode status r1'),
  });
});

test.each([new AppError('NOT_FOUND', 'no run'), new Error('odd')])(
  '%s stays as it is',
  (thrown) => {
    expect(withLeftRun(thrown, 'r1')).toBe(thrown);
  },
);
