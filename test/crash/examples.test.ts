import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resumeExample, runExample } from '../support/example-crash.ts';
import { TEST_MS } from '../support/patience.ts';

const examples = readdirSync(new URL('../../examples/', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const scratches: string[] = [];
afterAll(() => {
  for (const scratch of scratches) rmSync(scratch, { recursive: true, force: true });
});

describe('every example, cut after any event, comes to the same end', () => {
  for (const name of examples) {
    test(
      name,
      async () => {
        const scratch = mkdtempSync(join(tmpdir(), 'opcode-example-'));
        scratches.push(scratch);
        const whole = await runExample(name, scratch);
        expect(whole.end.status).toBe('completed');
        for (let count = 1; count <= whole.events.length; count++) {
          const end = await resumeExample(whole, scratch, count);
          const last = whole.events[count - 1];
          const where = `after ${count} of ${whole.events.length}: ${last?.type} ${last?.path ?? ''}`;
          expect({ where, ...end }).toEqual({ where, ...whole.end });
        }
      },
      TEST_MS,
    );
  }
});
