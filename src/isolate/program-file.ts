/** Who may put another program in the place of one: whoever may write to it, or to a folder above it. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { messageOf } from '../model/error.ts';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Why others than this user and root could have put it there, or null when they could not. */
export function othersMayWrite(path: string): string | null {
  try {
    const uid = process.getuid?.() ?? 0;
    for (const place of placesOf(path)) {
      const stat = statSync(place);
      if (stat.uid !== 0 && stat.uid !== uid) return `${place} belongs to another user`;
      // In a folder like /tmp nobody can take away what is another's.
      if (stat.isDirectory() && (stat.mode & STICKY) !== 0) continue;
      if ((stat.mode & OTHERS_WRITE) !== 0) return `others may write to ${place} (chmod o-w)`;
      if ((stat.mode & GROUP_WRITES) !== 0 && !isOwnGroup(stat.gid)) {
        return `its group may write to ${place} (chmod g-w)`;
      }
    }
    return null;
  } catch (thrown) {
    return `${path}: ${messageOf(thrown)}`;
  }
}

/** True when only root could have put it there. @throws when it is not there */
export function isRootsOwn(path: string): boolean {
  return placesOf(path).every((place) => {
    const { uid, mode } = statSync(place);
    return uid === 0 && ((mode & (GROUP_WRITES | OTHERS_WRITE)) === 0 || (mode & STICKY) !== 0);
  });
}

/** The file that a path leads to, and the folders above it. */
function placesOf(path: string): readonly string[] {
  const places = [realpathSync(path)];
  for (let at = dirname(places[0] ?? '/'); ; at = dirname(at)) {
    places.push(at);
    if (dirname(at) === at) return places;
  }
}

/** Root's group, or the group that a system makes for each user alone. */
function isOwnGroup(gid: number): boolean {
  if (gid === 0) return true;
  const { username } = userInfo();
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((text) => text.split(':'))
    .find(([, , id]) => id === String(gid));
  const [name, , , members = ''] = line ?? [];
  return name === username && members.split(',').every((each) => each === '' || each === username);
}
