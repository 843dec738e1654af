import { describe, expect, test } from 'bun:test';
import { loadConfig } from '../../src/config.ts';
import { createEnvironmentSecrets } from '../../src/vault/environment-secrets.ts';

const config = loadConfig({
  flags: {},
  env: { OPCODE_HOME: '/nowhere', OPCODE_SECRET_API_KEY: 'correct horse', OPCODE_SECRET_EMPTY: '' },
});
const secrets = createEnvironmentSecrets(config.secrets);

describe('secrets of the environment', () => {
  test('are found by their name in any spelling that a variable cannot hold', () => {
    for (const name of ['API_KEY', 'api_key', 'api-key']) {
      expect(secrets.resolve(name)).toEqual({ ok: true, value: 'correct horse' });
    }
  });

  test('that are not there are said by the variable to set', () => {
    const missing = secrets.resolve('stripe-key');
    expect(missing).toMatchObject({ ok: false, error: { code: 'VAULT_ERROR' } });
    expect(JSON.stringify(missing)).toContain('OPCODE_SECRET_STRIPE_KEY');
    expect(secrets.resolve('empty')).toMatchObject({ ok: false });
  });

  test('are listed by name only, and a printed configuration shows none', () => {
    expect(secrets.names()).toEqual([{ name: 'API_KEY', source: 'environment' }]);
    expect(JSON.stringify(config)).not.toContain('correct horse');
  });
});
