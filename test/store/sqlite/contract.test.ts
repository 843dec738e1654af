/** The SQLite store keeps the contract. */
import { afterEach } from 'bun:test';
import { storeContract } from '../../contract/store-contract.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

let files: TempDatabases | null = null;

afterEach(() => {
  files?.remove();
  files = null;
});

storeContract('sqlite store', () => {
  files = tempDatabases();
  return files.open();
});
