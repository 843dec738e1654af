// Runs under Node before every script that needs Bun. Package managers may skip install scripts,
// which leaves the bun package without its binary; this fetches it then and is silent otherwise.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

const works = () => {
  const { status } = spawnSync(path('node_modules/.bin/bun'), ['--version'], { stdio: 'ignore' });
  return status === 0;
};

if (!works()) {
  const installer = path('node_modules/bun/install.js');
  if (!existsSync(installer)) {
    console.error('Bun is not installed: run `npm ci` in the project folder first.');
    process.exit(1);
  }
  spawnSync(process.execPath, [installer], { stdio: 'inherit' });
  if (!works()) {
    console.error(`Bun could not be installed by ${installer}: see the messages above.`);
    process.exit(1);
  }
}
