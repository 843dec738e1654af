/** The name of the account this process runs as. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** The name by the system's list of accounts; the number when it has none. */
export function accountName(): string {
  const { uid } = userInfo();
  return nameIn(readAccounts(), uid) ?? String(uid);
}

function nameIn(accounts: string, uid: number): string | undefined {
  const line = accounts.split('\n').find((each) => each.split(':')[2] === String(uid));
  return line?.split(':')[0];
}

function readAccounts(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    // Systems without this file have no names to look up here.
    return '';
  }
}
