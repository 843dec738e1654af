/**
 * Programs of others that speak MCP: `mcporter`, the inspector, the conformance runner.
 *
 * They are heavy, so they have a lock file of their own and are installed when a test first needs
 * them, in a folder named after that lock. Where no registry can be reached they are left out, and the
 * reason is printed; in CI that is an error instead. They are run by Bun, whatever they ask for.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cleanEnvironment, ROOT } from '../../../scripts/processes.ts';

export interface Programs {
  readonly mcporter: string;
  readonly inspector: string;
  readonly conformance: string;
}

const MAINS: Programs = {
  mcporter: 'mcporter/dist/cli.js',
  inspector: '@modelcontextprotocol/inspector/clients/launcher/build/index.js',
  conformance: '@modelcontextprotocol/conformance/dist/index.js',
};

const LISTS = ['package.json', 'package-lock.json'];

/** Errors of a machine without a registry, as npm names them. */
const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)\b/;

/** The programs, installed when they are not; null where there is no registry. @throws in CI */
export async function findPrograms(): Promise<Programs | null> {
  const hash = new Bun.CryptoHasher('sha256');
  for (const name of LISTS) hash.update(readFileSync(join(import.meta.dir, name)));
  const cache = join(ROOT, 'node_modules', '.cache');
  const folder = join(cache, `mcp-clients-${hash.digest('hex').slice(0, 12)}`);
  if (!existsSync(folder)) {
    const failure = await install(folder);
    if (failure !== null) {
      if (!OFFLINE.test(failure) || process.env.CI !== undefined) throw new Error(failure);
      console.log(`left out: tests with other programs, because they cannot be installed here.`);
      return null;
    }
  }
  const at = (main: string): string => join(folder, 'node_modules', main);
  const { mcporter, inspector, conformance } = MAINS;
  return { mcporter: at(mcporter), inspector: at(inspector), conformance: at(conformance) };
}

/** Installs into a folder that appears whole or not at all; what went wrong, null when nothing. */
async function install(folder: string): Promise<string | null> {
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    for (const name of LISTS)
      await Bun.write(join(making, name), Bun.file(join(import.meta.dir, name)));
    const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
    const npm = Bun.spawn(['npm', 'ci', ...flags], {
      cwd: making,
      env: cleanEnvironment(),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const said = await new Response(npm.stderr).text();
    if ((await npm.exited) !== 0) return `npm ci in ${import.meta.dir} failed:\n${said}`;
    if (!existsSync(folder)) renameSync(making, folder);
    return null;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place from which a program is run: its home and working directory. */
export interface Place {
  readonly folder: string;
}

/** Runs a program to its end. */
export async function runProgram(
  main: string,
  args: readonly string[],
  { folder }: Place,
): Promise<Output> {
  const child = Bun.spawn([process.execPath, main, ...args], {
    cwd: folder,
    env: cleanEnvironment({ HOME: folder, NO_COLOR: '1', PATH: pathWithNode(folder) }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** What a program starts as `node` is Bun too: these want a newer Node than others need. */
function pathWithNode(folder: string): string {
  const bin = join(folder, '.bin');
  const node = join(bin, 'node');
  if (!existsSync(node)) {
    mkdirSync(dirname(node), { recursive: true });
    symlinkSync(process.execPath, node);
  }
  return `${bin}:${process.env.PATH ?? ''}`;
}
