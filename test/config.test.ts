/** Configuration: precedence, checks that name their place, listening addresses. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadOptions, loadConfig } from '../src/config.ts';
import { AppError } from '../src/model/error.ts';
import { SETTINGS } from '../src/settings.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-config-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const load = (options: Partial<LoadOptions> = {}) =>
  loadConfig({ flags: {}, env: {}, home, ...options });
const writeSettings = (value: unknown): void =>
  writeFileSync(
    join(home, 'settings.json'),
    typeof value === 'string' ? value : JSON.stringify(value),
  );
const failure = (options: Partial<LoadOptions> = {}): AppError => {
  try {
    load(options);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('the configuration was accepted');
};

describe('precedence', () => {
  test('defaults hold when nothing is given', () => {
    const config = load();
    expect(config.settings.pool_size).toBe(64);
    expect(config.origins.pool_size).toBe('default');
    expect(config.dbPath).toBe(join(home, 'opcode.db'));
    expect(config.workDir).toBe(join(home, 'work'));
  });

  test('the file beats the default, the environment the file, a flag the environment', () => {
    writeSettings({ pool_size: 2, limits: { steps: 5 } });
    expect(load().settings.pool_size).toBe(2);
    expect(load().settings['limits.steps']).toBe(5);
    const env = { OPCODE_POOL_SIZE: '3' };
    expect(load({ env }).settings.pool_size).toBe(3);
    const both = load({ env, flags: { pool_size: '4' } });
    expect(both.settings.pool_size).toBe(4);
    expect(both.origins.pool_size).toBe('flag');
  });

  test('an empty variable counts as not given', () => {
    expect(load({ env: { OPCODE_POOL_SIZE: '' } }).settings.pool_size).toBe(64);
  });

  test('the home directory comes from OPCODE_HOME, else from HOME', () => {
    expect(loadConfig({ flags: {}, env: { OPCODE_HOME: home } }).home).toBe(home);
    expect(loadConfig({ flags: {}, env: { HOME: home } }).home).toBe(join(home, '.opcode'));
  });

  test('the result cannot be changed', () => {
    const config = load();
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.settings)).toBe(true);
  });
});

describe('a bad setting', () => {
  test('in the file names the file and the key', () => {
    writeSettings({ limits: { steps: 'many' } });
    const error = failure();
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.message).toContain(`${join(home, 'settings.json')}: limits.steps`);
    expect(error.message).toContain('"many"');
  });

  test('in the environment names the variable, on the command line the flag', () => {
    expect(failure({ env: { OPCODE_LOG_LEVEL: 'loud' } }).message).toContain('OPCODE_LOG_LEVEL');
    expect(failure({ flags: { pool_size: '0' } }).message).toContain('--pool-size');
  });

  test('all bad ones are listed', () => {
    writeSettings({ pool_size: -1, panel: 'perhaps' });
    expect((failure().details as { issues: unknown[] }).issues).toHaveLength(2);
  });

  test('with an unknown key suggests the nearest', () => {
    writeSettings({ pool_sise: 3 });
    expect(failure().message).toContain('did you mean "pool_size"?');
    writeSettings({ limits: { stepz: 3 } });
    expect(failure().message).toContain('"limits.steps"');
  });

  test('with an inherited name is unknown, not a crash', () => {
    writeSettings('{"__proto__": {"panel": false}, "constructor": 1}');
    expect(failure().message).toContain('is not a setting');
  });

  test('in a file that is not JSON says so', () => {
    writeSettings('{pool_size: 3}');
    expect(failure().message).toContain('settings.json: not valid JSON');
    writeSettings('[]');
    expect(failure().message).toContain('must hold an object');
  });

  test('written twice in the file names it', () => {
    writeSettings('{"limits": {"steps": 5, "steps": 6}, "pool_size": 3}');
    expect(failure().message).toContain('settings.json: limits.steps: stands there twice');
  });

  test('of a group that is no object says so', () => {
    writeSettings({ limits: 3 });
    expect(failure().message).toContain('limits: must be an object');
  });
});

describe('limits of groups', () => {
  test('are read by name, as levels or under dotted keys', () => {
    writeSettings({ limits: { groups: { gpu: 2 } }, 'limits.groups.db-main': 1 });
    expect(load().settings['limits.groups']).toEqual({ gpu: 2, 'db-main': 1 });
    writeSettings({});
    expect(load().settings['limits.groups']).toEqual({});
  });

  test('that are wrong are named one by one', () => {
    writeSettings({ limits: { groups: { gpu: 0, 'a b': 1 } } });
    const { message, details } = failure();
    expect(message).toContain('limits.groups.gpu: must be a whole number, 1 or more, not 0');
    expect((details as { issues: unknown[] }).issues).toHaveLength(2);
    writeSettings({ limits: { groups: 3 } });
    expect(failure().message).toContain('limits.groups: must be an object of limits');
  });
});

describe('kinds of values', () => {
  test('durations are milliseconds and need a unit', () => {
    writeSettings({ grace: '2m' });
    expect(load().settings.grace).toBe(120_000);
    writeSettings({ grace: 30 });
    expect(failure().message).toContain('grace');
  });

  test('lists are lists in the file and comma separated elsewhere', () => {
    writeSettings({ env_pass: ['A', 'B'] });
    expect(load().settings.env_pass).toEqual(['A', 'B']);
    expect(SETTINGS.env_pass.read('A, B,')).toEqual(['A', 'B']);
  });

  test('booleans are read from words', () => {
    expect(load({ env: { OPCODE_PUBLIC: 'off' } }).settings.public).toBe(false);
    expect(load({ env: { OPCODE_PUBLIC: '1' } }).settings.public).toBe(true);
  });

  test('every setting accepts its own default and says what it is', () => {
    for (const [key, setting] of Object.entries(SETTINGS)) {
      expect(setting.doc, key).not.toBe('');
      const isDuration = setting.accepts.startsWith('a duration');
      if (setting.fallback !== null && !isDuration) {
        expect(setting.read(setting.fallback), key).toEqual(setting.fallback);
      }
    }
  });
});

describe('the listening address', () => {
  const listen = (listen_addr: string, isPublic = false) =>
    load({ flags: { listen_addr, public: isPublic } }).listen;

  test('without a host is loopback, or everything when public', () => {
    expect(load().listen).toEqual({ hosts: ['127.0.0.1', '::1'], port: 4100 });
    expect(listen(':9')).toEqual({ hosts: ['127.0.0.1', '::1'], port: 9 });
    expect(listen(':9', true)).toEqual({ hosts: ['0.0.0.0', '::'], port: 9 });
  });

  test('takes hosts and IPv6 in brackets', () => {
    expect(listen('127.0.0.1:0')).toEqual({ hosts: ['127.0.0.1'], port: 0 });
    expect(listen('[::1]:80')).toEqual({ hosts: ['::1'], port: 80 });
    expect(listen('localhost:80').hosts).toEqual(['127.0.0.1', '::1']);
    expect(listen('10.0.0.1:80', true).hosts).toEqual(['10.0.0.1']);
  });

  test('beyond loopback needs --public', () => {
    expect(failure({ flags: { listen_addr: '0.0.0.0:80' } }).message).toContain('--public');
  });

  test('that is no address is refused', () => {
    for (const bad of ['nowhere', ':70000', 'a:b:1', '[::1]']) {
      expect(failure({ flags: { listen_addr: bad, public: true } }).message).toContain(bad);
    }
  });
});

describe('the environment', () => {
  test('gives what env_pass names to commands', () => {
    writeSettings({ env_pass: ['AWS', 'MISSING'] });
    expect(load({ env: { AWS: 'x', OTHER: 'y' } }).passedEnv).toEqual({ AWS: 'x' });
  });

  test('only PATH, HOME, LANG and TZ are kept for runs', () => {
    const env = { PATH: '/bin', HOME: home, TZ: 'UTC', OPCODE_TOKEN: 't', AWS: 'x' };
    expect(load({ env }).callerEnv).toEqual({ PATH: '/bin', HOME: home, TZ: 'UTC' });
  });
});

describe('what the program before this one left', () => {
  test('its settings.json is taken as it is', () => {
    writeSettings({
      listen_addr: ':4100',
      base_url: 'http://localhost:4100',
      db_path: join(home, 'other.db'),
      log_level: 'info',
      pool_size: 10,
      panel: false,
    });
    expect(load()).toMatchObject({ settings: { panel: false, pool_size: 10 } });
  });

  test('OPCODE_PANEL is read, and refused when it says neither', () => {
    expect(load().settings.panel).toBe(true);
    expect(load({ env: { OPCODE_PANEL: 'false' } }).settings.panel).toBe(false);
    expect(failure({ env: { OPCODE_PANEL: 'maybe' } }).message).toContain('OPCODE_PANEL');
  });
});

describe('lists', () => {
  test('of folders begin at the root or at the home of the user, without detours', () => {
    writeSettings({ paths: { deny: ['~/keys', '/srv/a/../b/', '/etc'] } });
    expect(load().settings['paths.deny']).toEqual([join(homedir(), 'keys'), '/srv/b', '/etc']);
  });

  test.each([
    [{ paths: { deny: ['/ok', 'ro'] } }, 'paths.deny[1]', 'not absolute'],
    [{ paths: { read_only: ['~other/x'] } }, 'paths.read_only[0]', 'not absolute'],
    [{ paths: { writable: ['/srv/*'] } }, 'paths.writable[0]', 'rules are folders, not patterns'],
    [{ paths: { open: ['./x'] } }, 'paths.open[0]', 'not absolute'],
    [{ egress: { deny: ['a.test', '127.0.0.1/99'] } }, 'egress.deny[1]', 'no host'],
    [{ egress: { allow: ['http://a.test'] } }, 'egress.allow[0]', 'no host'],
    [{ trusted_proxies: ['nonsense'] }, 'trusted_proxies[0]', 'no address'],
    [{ env_pass: ['A=b'] }, 'env_pass[0]', 'no name of a variable'],
  ])('%j is refused by its place', (settings, place, message) => {
    writeSettings(settings);
    const error = failure();
    expect(error.message).toContain(`${join(home, 'settings.json')}: ${place}`);
    expect(error.message).toContain(message);
    expect(error.details).toMatchObject({ issues: [{ line: 1, column: expect.any(Number) }] });
  });

  test('take hosts, addresses and networks', () => {
    const allow = ['api.example.com', '*.example.com', '10.0.0.0/8', 'fd00::/8', '169.254.169.254'];
    writeSettings({ egress: { allow }, trusted_proxies: ['10.0.0.5', '::1/128'] });
    expect(load().settings['egress.allow']).toEqual(allow);
  });
});
