import { describe, expect, test } from 'bun:test';
import { builtinActions, createActionRegistry } from '../../src/actions/registry.ts';
import { failureOf, openDeps } from './action-world.ts';

const actions = builtinActions(openDeps());

describe('the built-in actions', () => {
  test('have the effects that recovery counts on', () => {
    const byEffect: Record<string, string[]> = {};
    for (const { name, effect } of actions) byEffect[effect] = [...(byEffect[effect] ?? []), name];
    expect(byEffect).toEqual({
      read: ['http.request', 'http.get', 'http.head', 'fs.read', 'fs.list', 'fs.stat'],
      unsafe: ['http.post', 'http.patch', 'fs.append', 'fs.move', 'shell.exec'],
      idempotent: ['http.put', 'http.delete', 'fs.write', 'fs.delete', 'fs.copy'],
      pure: [
        'crypto.hash',
        'crypto.hmac',
        'crypto.uuid',
        'crypto.encode',
        'crypto.decode',
        'assert.equals',
        'assert.equal',
        'assert.contains',
        'assert.matches',
        'assert.schema',
        'assert.truthy',
        'expr.eval',
        'cel.eval',
        'jq',
      ],
      internal: [
        'workflow.run',
        'workflow.emit',
        'workflow.context',
        'workflow.set',
        'workflow.fail',
        'workflow.log',
        'workflow.notify',
      ],
    });
  });

  test('take secrets only where nobody else can see them', () => {
    const places = actions.flatMap(({ name, params }) =>
      Object.entries(params)
        .filter(([, spec]) => spec.secrets === true)
        .map(([param]) => `${name} ${param}`),
    );
    expect(places.filter((place) => !place.startsWith('http.'))).toEqual([
      'fs.write content',
      'shell.exec env',
      'shell.exec stdin',
      'crypto.hmac key',
      'workflow.run params',
    ]);
  });

  test('are found by name, and each name is there once', async () => {
    const registry = createActionRegistry(actions);
    expect(registry.get('fs.read')?.name).toBe('fs.read');
    expect(registry.get('constructor')).toBe(undefined);
    expect(registry.names().length).toBe(actions.length);
    const twice = await failureOf(() => createActionRegistry([...actions, ...actions]));
    expect(twice.code).toBe('CONFLICT');
  });
});
