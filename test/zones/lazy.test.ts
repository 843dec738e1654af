/** A process that asks for no zone does not read the database. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
/** Counts texts of the size of the database that are parsed. */
const PROGRAM = `
  import { chooseZones } from './src/app-zones.ts';
  import { zoneSource } from './src/zones/source.ts';
  const parse = JSON.parse;
  let read = 0;
  JSON.parse = (text, ...more) => {
    if (text.length > 500_000) read += 1;
    return parse(text, ...more);
  };
  chooseZones('bundled');
  const before = [zoneSource().kind, read];
  zoneSource().find('Europe/Berlin');
  zoneSource().find('Asia/Tokyo');
  console.log(JSON.stringify([...before, zoneSource().release, read]));
`;

test('the database is read when a zone is first asked for, and once', async () => {
  const child = Bun.spawn([process.execPath, '-e', PROGRAM], { cwd: ROOT, stdout: 'pipe' });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual(['bundled', 0, '2026f', 1]);
});
