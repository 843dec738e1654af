/**
 * Builds dist/opcode, the one executable: `npm run build`. The compiled program never loads `.env`
 * or `bunfig.toml` from the folder it is started in; without the two `--no-compile-autoload-*`
 * flags any project folder could run code in it. It is built aside and moved into place, so a program
 * that is running, or being started meanwhile, is never half written.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { cleanEnvironment, ROOT } from './processes.ts';

const MAIN = 'cli/main.ts';
const OUTPUT = 'dist/opcode';

const commit = (): string => {
  const git = Bun.spawnSync(['git', 'describe', '--always', '--dirty', '--exclude=*'], {
    cwd: ROOT,
    stderr: 'ignore',
  });
  return git.success ? git.stdout.toString().trim() : 'unknown';
};

/** Files that run as a thread of their own must be entries, or the binary does not hold them. */
const workers = (): string[] =>
  [...new Bun.Glob('{src,cli,tui}/**/*.worker.ts').scanSync({ cwd: ROOT })].sort();

const buildLine = (outfile: string): string[] => [
  ...['build', '--compile', '--minify', '--keep-names', '--bytecode', '--splitting'],
  ...['--sourcemap', '--format=esm', '--external', 'react-devtools-core'],
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
  ...['--define', `OPCODE_VERSION=${JSON.stringify(packageJson.version)}`],
  ...['--define', `OPCODE_COMMIT=${JSON.stringify(commit())}`],
  MAIN,
  ...workers(),
  ...['--outfile', outfile],
];

const build = (folder: string): number => {
  const started = Bun.nanoseconds();
  const built = join(folder, 'opcode');
  const bun = Bun.spawnSync([process.execPath, ...buildLine(built)], {
    cwd: ROOT,
    env: cleanEnvironment(),
  });
  if (!bun.success) {
    process.stderr.write(bun.stdout.toString() + bun.stderr.toString());
    return 1;
  }
  renameSync(built, join(ROOT, OUTPUT));
  const seconds = ((Bun.nanoseconds() - started) / 1e9).toFixed(1);
  const megabytes = (statSync(join(ROOT, OUTPUT)).size / 1e6).toFixed(1);
  console.log(`${OUTPUT} ${packageJson.version} (${commit()}), ${megabytes} MB, ${seconds} s`);
  return 0;
};

const main = (): number => {
  if (!existsSync(join(ROOT, MAIN))) {
    console.error(`Cannot build: ${MAIN} is missing. Is the checkout complete?`);
    return 1;
  }
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'dist', 'build-'));
  try {
    return build(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = main();
