/** Every option that a command takes is looked at by its code. */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { COMMANDS } from '../../cli/table.ts';

const CLI = join(import.meta.dir, '..', '..', 'cli');

/** The text of a module and of what it imports of the command line, without what only declares options. */
function textOf(path: string, seen = new Set<string>()): string {
  if (seen.has(path)) return '';
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  const imported = [...text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)]
    .map(([, from, late]) => join(dirname(path), from ?? late ?? ''))
    .filter((each) => each.startsWith(`${CLI}/`) && each.endsWith('.ts'));
  const own = text
    .replaceAll(/^\s*readonly \w+\??:.*$/gm, '')
    .replaceAll(/\.(?:option|requiredOption)\((?:[^()]|\([^()]*\))*\)/g, '')
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|'[^'\n]*--[^'\n]*'/gm, '');
  return [own, ...imported.map((each) => textOf(each, seen))].join('\n');
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap((each) => allOf(each))];
}

test('the walk sees every command', () => {
  expect(COMMANDS.length).toBe(readdirSync(join(CLI, 'commands')).length);
});

test.each(COMMANDS.map((each) => [each.name, each] as const))('%s', async (name, entry) => {
  const command = new Command(name);
  const { configure } = await entry.load();
  configure(command, () => async () => undefined);
  const text = textOf(join(CLI, 'commands', `${name}.ts`));
  const unread = allOf(command).flatMap((each) =>
    each.options
      .map((option) => option.attributeName())
      .filter((attribute) => !new RegExp(`\\b${attribute}\\b`).test(text)),
  );
  expect(unread).toEqual([]);
});
