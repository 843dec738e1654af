/** Recognises the database of the program of the same name that was there before this one. */
import { APPLICATION_ID } from './identity.ts';
import { applicationIdIn, openToIdentify } from './reading.ts';

/** Tables that it has and ours never had. */
const ITS_TABLES = ['workflow_templates', 'scheduled_jobs'];

/** True when the file is that program's; a file that cannot be read is not told from others here. */
export function isFormerDatabase(path: string): boolean {
  try {
    const mark = applicationIdIn(path);
    if (mark === null || mark === APPLICATION_ID) return false;
    const reading = openToIdentify(path);
    if (reading === null) return false;
    try {
      const found = reading.database
        .query('SELECT count(*) AS n FROM sqlite_schema WHERE type = ? AND name IN (?, ?)')
        .get('table', ...ITS_TABLES) as { n: number };
      return found.n === ITS_TABLES.length;
    } finally {
      reading.close();
    }
  } catch {
    // Whoever opens it for use says what is wrong with it.
    return false;
  }
}
