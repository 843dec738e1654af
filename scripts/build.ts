/**
 * Builds dist/opcode, the one executable: `npm run build`. The compiled program never loads `.env`
 * or `bunfig.toml` from the folder it is started in; without the two `--no-compile-autoload-*`
 * flags any project folder could run code in it.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
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

const buildLine = (): string[] => [
  ...['build', '--compile', '--minify', '--keep-names', '--bytecode', '--splitting'],
  ...['--sourcemap', '--format=esm', '--external', 'react-devtools-core'],
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
  ...['--define', `OPCODE_VERSION=${JSON.stringify(packageJson.version)}`],
  ...['--define', `OPCODE_COMMIT=${JSON.stringify(commit())}`],
  MAIN,
  ...workers(),
  ...['--outfile', OUTPUT],
];

const build = (): number => {
  if (!existsSync(join(ROOT, MAIN))) {
    console.error(`Cannot build: ${MAIN} is missing. Is the checkout complete?`);
    return 1;
  }
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const started = Bun.nanoseconds();
  const bun = Bun.spawnSync([process.execPath, ...buildLine()], {
    cwd: ROOT,
    env: cleanEnvironment(),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  if (!bun.success) {
    process.stderr.write(bun.stdout.toString() + bun.stderr.toString());
    return bun.exitCode === 0 ? 1 : bun.exitCode;
  }
  const seconds = ((Bun.nanoseconds() - started) / 1e9).toFixed(1);
  const megabytes = (statSync(join(ROOT, OUTPUT)).size / 1e6).toFixed(1);
  console.log(`${OUTPUT} ${packageJson.version} (${commit()}), ${megabytes} MB, ${seconds} s`);
  return 0;
};

process.exitCode = build();
