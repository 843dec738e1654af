/**
 * Reads the examples of the checkout. Runs while the program is bundled (a macro), so what it returns
 * is part of the executable; from source it runs when the examples are first asked for.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const ROOT = join(import.meta.dir, '..', '..', 'examples');
const WORKFLOW = 'workflow.json';

/** Every example by name: its files, by their paths in its folder. */
export function readExamples(): Record<string, Record<string, string>> {
  const examples: Record<string, Record<string, string>> = {};
  if (!existsSync(ROOT)) return examples;
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).sort();
  for (const file of files) {
    if (basename(file) !== WORKFLOW) continue;
    const folder = dirname(file);
    examples[basename(folder)] = readFolder(join(ROOT, folder));
  }
  return examples;
}

function readFolder(folder: string): Record<string, string> {
  const texts: Record<string, string> = {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1).replaceAll('\\', '/');
    texts[name] = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  }
  return texts;
}
