import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ActionDeps } from '../../src/actions/deps.ts';
import { fsActions } from '../../src/actions/fs.ts';
import type { ActionContext } from '../../src/model/action.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { actionContext, call, failureOf, find, openDeps, tempFolder } from './action-world.ts';

let root = '';
let remove = (): void => undefined;

beforeEach(() => {
  ({ path: root, remove } = tempFolder());
});
afterEach(() => remove());

const at = (...parts: string[]): string => join(root, ...parts);
const put = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const text = (...parts: string[]): string => readFileSync(at(...parts), 'utf8');

function run(
  name: string,
  params: JsonObject,
  changes: Partial<ActionContext> = {},
  deps: Partial<ActionDeps> = {},
): Promise<JsonObject> {
  const def = find(fsActions(openDeps(deps)), name);
  return call(def, params, { cwd: root, ...changes }) as Promise<JsonObject>;
}
const fails = async (
  name: string,
  params: JsonObject,
  changes: Partial<ActionContext> = {},
  deps: Partial<ActionDeps> = {},
) => {
  const error = await failureOf(() => run(name, params, changes, deps));
  return [error.code, error.message] as const;
};

describe('fs.write and fs.read', () => {
  test('text goes in and comes out, relative to the working directory', async () => {
    expect(await run('fs.write', { path: 'f.txt', content: 'héllo' })).toEqual({
      path: at('f.txt'),
      size: 6,
    });
    expect(await run('fs.read', { path: 'f.txt' })).toEqual({
      path: at('f.txt'),
      content: 'héllo',
      encoding: 'text',
      size: 6,
    });
    expect(statSync(at('f.txt')).mode & 0o777).toBe(0o644);
    expect(readdirSync(root)).toEqual(['f.txt']);
  });

  test('other JSON is written compactly, base64 as bytes', async () => {
    await run('fs.write', { path: 'j', content: { b: 1, a: [null] } });
    expect(text('j')).toBe('{"b":1,"a":[null]}');
    await run('fs.write', { path: 'b', content: '/9j/4AAQ', encoding: 'base64' });
    expect(await run('fs.read', { path: 'b' })).toMatchObject({
      content: '/9j/4AAQ',
      encoding: 'base64',
      size: 6,
    });
    expect((await fails('fs.read', { path: 'b', encoding: 'text' }))[1]).toContain('not UTF-8');
    expect((await fails('fs.write', { path: 'c', content: '?', encoding: 'base64' }))[0]).toBe(
      'VALIDATION_ERROR',
    );
  });

  test.each([
    [0o600, 0o600],
    ['0755', 0o755],
    ['0o640', 0o640],
    ['600', 0o600],
    [null, 0o644],
    ['', 0o644],
  ])('mode %p gives permissions %p', async (mode, bits) => {
    await run('fs.write', { path: 'm', content: '', mode });
    expect(statSync(at('m')).mode & 0o7777).toBe(bits);
  });

  test('a name that is too long is no failure to try again', async () => {
    const path = 'n'.repeat(300);
    for (const [action, params] of [
      ['fs.write', { path, content: '' }],
      ['fs.append', { path, content: '' }],
      ['fs.read', { path }],
      ['fs.list', { path }],
      ['fs.copy', { src: path, dst: 'x' }],
    ] as const) {
      expect(await fails(action, params)).toEqual([
        'LIMIT_EXCEEDED',
        expect.stringContaining('the name is too long'),
      ]);
    }
  });

  test.each([[644], ['rw'], ['0888'], [-1], [1.5]])('mode %p is refused', async (mode) => {
    expect((await fails('fs.write', { path: 'm', content: '', mode }))[0]).toBe('VALIDATION_ERROR');
  });

  test('a file that is replaced keeps its permissions unless told otherwise', async () => {
    put('script', 'old');
    chmodSync(at('script'), 0o755);
    await run('fs.write', { path: 'script', content: 'new' });
    expect([text('script'), statSync(at('script')).mode & 0o777]).toEqual(['new', 0o755]);
  });

  test('a missing folder is an error unless it shall be created', async () => {
    const [code, message] = await fails('fs.write', { path: 'd1/d2/f', content: 'x' });
    expect(code).toBe('EXECUTION_ERROR');
    expect(message).toContain('its folder does not exist (`create_dirs: true` makes it)');
    await run('fs.write', { path: 'd1/d2/f', content: 'x', create_dirs: true });
    expect(text('d1', 'd2', 'f')).toBe('x');
  });

  test('without overwrite what is there stays; on a repeat the same bytes are success', async () => {
    put('f', 'same');
    const params = { path: 'f', content: 'same', overwrite: false };
    expect((await fails('fs.write', params))[0]).toBe('EXECUTION_ERROR');
    expect(await run('fs.write', params, { repeat: true })).toEqual({ path: at('f'), size: 4 });
    expect((await fails('fs.write', { ...params, content: 'else' }, { repeat: true }))[0]).toBe(
      'EXECUTION_ERROR',
    );
    expect(text('f')).toBe('same');
    expect(readdirSync(root)).toEqual(['f']);
  });

  test('a link is written through; what is no regular file is left alone', async () => {
    put('real', 'a');
    symlinkSync('real', at('link'));
    await run('fs.write', { path: 'link', content: 'b' });
    expect([text('real'), readlinkSync(at('link'))]).toEqual(['b', 'real']);
    expect((await fails('fs.write', { path: '/dev/null', content: 'x' }))[1]).toContain(
      'not a regular file',
    );
    expect((await fails('fs.read', { path: '/dev/zero' }))[1]).toContain('not a regular file');
    expect((await fails('fs.read', { path: '.' }))[1]).toContain('directory');
  });

  test('what a crash left unfinished is replaced', async () => {
    put(`.f.${actionContext().idempotencyKey.slice(0, 12)}.tmp`, 'half');
    await run('fs.write', { path: 'f', content: 'two' });
    expect(text('f')).toBe('two');
    expect(readdirSync(root)).toEqual(['f']);
  });

  test('more than the limit is not read', async () => {
    put('big', 'x'.repeat(100));
    const limits = { httpBodyBytes: 1, shellOutputBytes: 1, outputBytes: 99 };
    expect((await fails('fs.read', { path: 'big' }, { limits }))[0]).toBe('OUTPUT_TOO_LARGE');
    const deps = { systemPaths: ['/proc/version'] };
    const sizeless = await run('fs.read', { path: '/proc/version' }, {}, deps);
    expect(sizeless.size).toBeGreaterThan(0);
  });

  test('append answers the size after', async () => {
    expect(await run('fs.append', { path: 'l', content: '12\n' })).toMatchObject({ size: 3 });
    expect(await run('fs.append', { path: 'l', content: { a: 1 } })).toMatchObject({ size: 10 });
    expect(text('l')).toBe('12\n{"a":1}');
  });
});

describe('fs.list and fs.stat', () => {
  test('entries are sorted by path and filtered by name', async () => {
    mkdirSync(at('sub'));
    put('b.txt', 'bb');
    put('.a.txt', 'a');
    put('c.md', 'c');
    put('sub/d.txt', 'd');
    const names = async (params: JsonObject) =>
      ((await run('fs.list', { path: '.', ...params })).entries as JsonObject[]).map(({ path }) =>
        String(path).slice(root.length + 1),
      );
    expect(await names({})).toEqual(['.a.txt', 'b.txt', 'c.md', 'sub']);
    expect(await names({ recursive: true })).toEqual([
      '.a.txt',
      'b.txt',
      'c.md',
      'sub',
      'sub/d.txt',
    ]);
    expect(await names({ recursive: true, pattern: '*.txt' })).toEqual([
      '.a.txt',
      'b.txt',
      'sub/d.txt',
    ]);
    expect(await names({ pattern: '[a-c].{md,txt}' })).toEqual(['b.txt', 'c.md']);
    expect(await names({ pattern: '?.md' })).toEqual(['c.md']);
  });

  test('an entry says what it is', async () => {
    put('a', 'abc');
    const { entries } = await run('fs.list', { path: root });
    expect(entries).toEqual([
      {
        name: 'a',
        path: at('a'),
        size: 3,
        modified_at: expect.stringMatching(/^20.*Z$/),
        is_dir: false,
      },
    ]);
  });

  test.each([['../*'], ['a/b'], ['..'], ['[z-a]'], ['']])(
    'pattern %p is refused',
    async (pattern) => {
      expect((await fails('fs.list', { path: '.', pattern }))[0]).toBe('VALIDATION_ERROR');
    },
  );

  test('a link in a circle does not hang a recursive list', async () => {
    mkdirSync(at('a'));
    symlinkSync('..', at('a', 'up'));
    expect(
      ((await run('fs.list', { path: '.', recursive: true })).entries as unknown[]).length,
    ).toBe(2);
  });

  test('stat', async () => {
    put('s', 'abcd');
    chmodSync(at('s'), 0o640);
    expect(await run('fs.stat', { path: 's' })).toEqual({
      path: at('s'),
      size: 4,
      modified_at: expect.any(String),
      is_dir: false,
      permissions: '0640',
      exists: true,
    });
    expect((await fails('fs.stat', { path: 'none' }))[0]).toBe('EXECUTION_ERROR');
  });
});

describe('fs.delete', () => {
  test('a missing path is an error, data with missing_ok, success on a repeat', async () => {
    expect((await fails('fs.delete', { path: 'x' }))[0]).toBe('EXECUTION_ERROR');
    expect(await run('fs.delete', { path: 'x', missing_ok: true })).toMatchObject({
      deleted: false,
    });
    expect(await run('fs.delete', { path: 'x' }, { repeat: true })).toMatchObject({
      deleted: true,
    });
  });

  test('a folder with content needs recursive; a link is deleted, not what it points to', async () => {
    mkdirSync(at('d', 'e'), { recursive: true });
    put('d/e/f', 'x');
    expect((await fails('fs.delete', { path: 'd' }))[1]).toContain('not empty');
    symlinkSync('d', at('link'));
    await run('fs.delete', { path: 'link', recursive: true });
    expect([existsSync(at('d', 'e', 'f')), existsSync(at('link'))]).toEqual([true, false]);
    expect(await run('fs.delete', { path: 'd', recursive: true })).toEqual({
      path: at('d'),
      deleted: true,
    });
    expect(existsSync(at('d'))).toBe(false);
  });
});

describe('fs.copy and fs.move', () => {
  const tree = (): void => {
    mkdirSync(at('src', 'sub'), { recursive: true });
    put('src/a', 'aa');
    put('src/sub/b', 'bbb');
    symlinkSync('a', at('src', 'link'));
  };

  test('a file with its permissions', async () => {
    put('a', 'abc');
    chmodSync(at('a'), 0o750);
    expect(await run('fs.copy', { src: 'a', dst: 'b' })).toEqual({
      src: at('a'),
      dst: at('b'),
      size: 3,
      is_dir: false,
    });
    expect([text('b'), statSync(at('b')).mode & 0o777]).toEqual(['abc', 0o750]);
    await run('fs.move', { src: 'b', dst: 'n/c', create_dirs: true });
    expect([existsSync(at('b')), text('n', 'c')]).toEqual([false, 'abc']);
  });

  test('a tree, links as links', async () => {
    tree();
    const copied = await run('fs.copy', { src: 'src', dst: 'dst' });
    expect(copied).toMatchObject({ size: 5, is_dir: true });
    expect([text('dst', 'sub', 'b'), readlinkSync(at('dst', 'link'))]).toEqual(['bbb', 'a']);
    expect(await run('fs.move', { src: 'dst', dst: 'moved' })).toMatchObject({
      size: 5,
      is_dir: true,
    });
    expect([existsSync(at('dst')), text('moved', 'a')]).toEqual([false, 'aa']);
  });

  test('never into itself, nor over a folder', async () => {
    tree();
    expect((await fails('fs.copy', { src: 'src', dst: 'src/sub/x' }))[1]).toContain(
      'inside the source',
    );
    expect((await fails('fs.copy', { src: 'src/a', dst: 'src/a' }))[1]).toContain(
      'the source itself',
    );
    expect((await fails('fs.copy', { src: 'src/a', dst: 'src/sub' }))[1]).toContain('directory');
    expect((await fails('fs.copy', { src: 'none', dst: 'x' }))[0]).toBe('EXECUTION_ERROR');
  });

  test.each(['fs.copy', 'fs.move'])('%s keeps what is there without overwrite', async (name) => {
    put('a', 'new');
    put('b', 'old');
    expect((await fails(name, { src: 'a', dst: 'b', overwrite: false }))[1]).toContain(
      'exists already',
    );
    expect([text('a'), text('b')]).toEqual(['new', 'old']);
  });

  test('a repeat after a crash finds its work done', async () => {
    tree();
    const copy = { src: 'src', dst: 'dst', overwrite: false };
    await run('fs.copy', copy);
    expect((await fails('fs.copy', copy))[0]).toBe('EXECUTION_ERROR');
    expect(await run('fs.copy', copy, { repeat: true })).toMatchObject({ size: 5 });
    const move = { src: 'src/a', dst: 'm' };
    await run('fs.move', move);
    expect(await run('fs.move', move, { repeat: true })).toMatchObject({ size: 2 });
  });
});

describe('closed paths', () => {
  const home = (): Partial<ActionDeps> => ({ deniedPaths: [at('home')] });
  beforeEach(() => {
    mkdirSync(at('home'));
    put('home/opcode.db', 'secret');
  });

  test('are closed by name, by `..`, by a link, and by a link to a folder above', async () => {
    symlinkSync('home', at('alias'));
    symlinkSync(at('home', 'opcode.db'), at('file-link'));
    symlinkSync(at('home', 'new'), at('dangling'));
    for (const path of ['home/opcode.db', 'x/../home/opcode.db', 'alias/opcode.db', 'file-link']) {
      expect((await fails('fs.read', { path }, {}, home()))[0]).toBe('PATH_DENIED');
    }
    for (const path of ['home/x', 'alias/x', 'dangling', 'home']) {
      expect((await fails('fs.write', { path, content: 'x' }, {}, home()))[0]).toBe('PATH_DENIED');
    }
    expect(readdirSync(at('home'))).toEqual(['opcode.db']);
  });

  test('a whole tree above is neither deleted, moved, copied nor listed into', async () => {
    for (const params of [
      { path: '.', recursive: true },
      { path: '/', recursive: true },
    ]) {
      expect((await fails('fs.delete', params, {}, home()))[0]).toBe('PATH_DENIED');
    }
    expect((await fails('fs.move', { src: root, dst: `${root}2` }, {}, home()))[0]).toBe(
      'PATH_DENIED',
    );
    expect((await fails('fs.copy', { src: root, dst: `${root}2` }, {}, home()))[0]).toBe(
      'PATH_DENIED',
    );
    const { entries } = await run('fs.list', { path: '.', recursive: true }, {}, home());
    expect((entries as JsonObject[]).map(({ name }) => name)).toEqual(['home']);
    expect(text('home', 'opcode.db')).toBe('secret');
  });

  test('a folder in them is open that is named so, where it lies or is linked to', async () => {
    const deps = { ...home(), openPaths: [at('home', 'work')] };
    await run('fs.write', { path: 'home/work/a', content: 'a', create_dirs: true }, {}, deps);
    symlinkSync(at('home'), at('alias'));
    expect(await run('fs.read', { path: 'alias/work/a' }, {}, deps)).toMatchObject({ size: 1 });
    expect((await fails('fs.write', { path: 'home/workx', content: '' }, {}, deps))[0]).toBe(
      'PATH_DENIED',
    );
    rmSync(at('home', 'work'), { recursive: true });
    mkdirSync(at('elsewhere'));
    symlinkSync(at('elsewhere'), at('home', 'work'));
    await run('fs.write', { path: 'home/work/b', content: 'b' }, {}, deps);
    expect(text('elsewhere', 'b')).toBe('b');
    expect((await fails('fs.delete', { path: 'elsewhere', recursive: true }, {}, deps))[0]).toBe(
      'PATH_DENIED',
    );
  });

  test.each(['..', '.', '../..', 'logs'])('a link to %s in its place opens nothing', async (to) => {
    mkdirSync(at('home', 'logs'));
    put('home/logs/opcode.db', 'secret');
    const deps = { ...home(), openPaths: [at('home', 'work')] };
    symlinkSync(to, at('home', 'work'));
    for (const path of ['home/work/opcode.db', 'home/opcode.db', 'home/logs/opcode.db']) {
      expect((await fails('fs.read', { path }, {}, deps))[0]).toBe('PATH_DENIED');
    }
  });

  test('a closed file in an open folder stays closed', async () => {
    const open = { deniedPaths: [at('home'), at('home/work/my.db')], openPaths: [at('home/work')] };
    mkdirSync(at('home', 'work'));
    put('home/work/my.db', 'x');
    expect((await fails('fs.read', { path: 'home/work/my.db' }, {}, open))[0]).toBe('PATH_DENIED');
  });

  test('`..name` is an ordinary name, and a folder with the same beginning is another', async () => {
    mkdirSync(at('home2'));
    await run('fs.write', { path: 'home2/..x', content: 'y' }, {}, home());
    expect(text('home2', '..x')).toBe('y');
  });

  test('rules are asked with links resolved, for what is done', async () => {
    const asked: string[] = [];
    const paths = {
      check(path: string, access: string): string | null {
        asked.push(`${access} ${path.slice(root.length)}`);
        return path.endsWith('/secret') ? 'it is a secret' : null;
      },
    };
    put('secret', 'x');
    symlinkSync('secret', at('link'));
    const [code, message] = await fails('fs.read', { path: 'link' }, {}, { paths });
    expect([code, message]).toEqual([
      'PATH_DENIED',
      `${at('link')} is closed to actions: it is a secret`,
    ]);
    expect(asked).toEqual(['read /secret']);
    expect((await fails('fs.delete', { path: 'secret' }, {}, { paths }))[0]).toBe('PATH_DENIED');
  });

  test('a stopped step does nothing', async () => {
    put('a', 'x');
    const signal = AbortSignal.abort();
    for (const [name, params] of [
      ['fs.write', { path: 'b', content: 'x' }],
      ['fs.copy', { src: 'a', dst: 'b' }],
      ['fs.delete', { path: 'a' }],
    ] as [string, JsonObject][]) {
      expect((await fails(name, params, { signal }))[0]).toBe('CANCELLED');
    }
    expect(readdirSync(root).sort()).toEqual(['a', 'home']);
  });

  test('an empty path and a NUL byte are bad params', async () => {
    expect((await fails('fs.read', { path: '' }))[0]).toBe('VALIDATION_ERROR');
    expect((await fails('fs.read', { path: 'a\0b' }))[0]).toBe('VALIDATION_ERROR');
  });
});
