/** `next` of a failed run names what can cure it, and nothing that an agent could repeat for ever. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execute } from '../../cli/program.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';
import { call, freshHome, type Home, openSession, type Session } from './session.ts';

let home: Home;
let session: Session;

beforeAll(async () => {
  home = freshHome();
  session = await openSession(home);
});

afterAll(async () => {
  await session.close();
  home.remove();
});

const OK = { id: 'ok', action: 'expr.eval', params: { expression: '1' } };
const failing = (step: object) => ({ steps: [OK, { id: 'bad', depends_on: ['ok'], ...step }] });
const ran = async (args: object) => (await call(session.client, 'opcode_run', args)).data;

interface Next {
  readonly tool?: string;
  readonly arguments?: Record<string, unknown>;
  readonly why: string;
}
const nextOf = (data: Record<string, unknown>): Next => data.next as Next;

/** A workflow whose steps are done and whose output cannot be made. */
const OUTPUT = { steps: [OK], output: { x: '${{steps.ok.output.nope}}' } };

describe('a failure of the definition', () => {
  test.each<[string, object]>([
    ['PATH_DENIED', { action: 'fs.read', params: { path: '${{inputs.home}}/settings.json' } }],
    ['INTERPOLATION_ERROR', { action: 'workflow.log', params: { message: '${{inputs.nope}}' } }],
    ['ASSERTION_FAILED', { action: 'assert.equals', params: { actual: 1, expected: 2 } }],
    ['NON_RETRYABLE', { action: 'workflow.fail', params: { reason: 'no' } }],
    ['EXECUTION_ERROR', { action: 'jq', params: { filter: '.a.b', input: { a: 'text' } } }],
    ['EXECUTION_ERROR', { condition: 'jq: .steps.ok.output.result.b', run: 'true' }],
  ])('%s is corrected and rerun from the step', async (code, step) => {
    const data = await ran({ definition: failing(step), params: { home: home.path } });
    expect(data).toMatchObject({ status: 'failed', error: { code } });
    expect(nextOf(data)).toMatchObject({
      tool: 'opcode_run',
      arguments: { rerun_of: data.workflow_id, from_step: 'bad' },
      why: expect.stringContaining('correct the definition first'),
    });
  });

  test('goes on with the corrected definition and keeps what completed', async () => {
    const data = await ran({ definition: failing({ action: 'workflow.fail', params: {} }) });
    const args = nextOf(data).arguments;
    const corrected = failing({ action: 'expr.eval', params: { expression: '2' } });
    const again = await ran({ ...args, definition: corrected, include: ['steps'] });
    expect(again).toMatchObject({ status: 'completed', kept: ['ok'], again: ['bad'] });
  });

  test('of a template says that the new version is given', async () => {
    const name = 'wrong';
    const definition = failing({ action: 'workflow.fail', params: {} });
    await call(session.client, 'opcode_define', { name, definition });
    const data = await ran({ template_name: name });
    expect(nextOf(data).arguments).toMatchObject({ version: 'latest' });
    const corrected = failing({ action: 'expr.eval', params: { expression: '2' } });
    await call(session.client, 'opcode_define', { name, definition: corrected });
    const again = await ran({ ...nextOf(data).arguments });
    expect(again).toMatchObject({ status: 'completed', kept: ['ok'] });
  });

  test('that is a missing input is cured by giving it', async () => {
    const reads = { id: 'r', action: 'expr.eval', params: { expression: '${{inputs.n}}' } };
    const data = await ran({ definition: { steps: [reads] } });
    const next = nextOf(data);
    expect(next.why).toContain('add `params` with that input, or correct the definition');
    const again = await ran({ ...next.arguments, params: { n: '2' } });
    expect(again).toMatchObject({ status: 'completed' });
  });

  test('in a child names the template that is corrected', async () => {
    const failingChild = failing({ action: 'workflow.fail', params: {} });
    await call(session.client, 'opcode_define', { name: 'below', definition: failingChild });
    const parent = { id: 'p', action: 'workflow.run', params: { template_name: 'below' } };
    const data = await ran({ definition: { steps: [parent] } });
    expect(nextOf(data).why).toContain('correct the template "below"');
    const fixed = failing({ action: 'expr.eval', params: { expression: '2' } });
    await call(session.client, 'opcode_define', { name: 'below', definition: fixed });
    expect(await ran({ ...nextOf(data).arguments })).toMatchObject({ status: 'completed' });
  });

  test('in the output keeps every step, and a retry is refused with the same advice', async () => {
    const data = await ran({ definition: OUTPUT });
    expect(data).toMatchObject({ status: 'failed', error: { code: 'INTERPOLATION_ERROR' } });
    const args = { rerun_of: data.workflow_id, from_step: '@output' };
    expect(nextOf(data)).toMatchObject({ tool: 'opcode_run', arguments: args });
    const retry = { workflow_id: data.workflow_id, signal_type: 'retry' };
    const refused = await call(session.client, 'opcode_signal', retry);
    expect(refused).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^\[CONFLICT\].*correct the definition first.*@output/s),
    });
    const corrected = { ...OUTPUT, output: { x: '${{steps.ok.output.result}}' } };
    const again = await ran({ ...args, definition: corrected });
    expect(again).toMatchObject({ status: 'completed', output: { x: 1 }, kept: ['ok'] });
  });
});

describe('a failure that is nobody’s to correct in the definition', () => {
  test('a secret that is missing names what a person sets, and no tool', async () => {
    const step = {
      action: 'http.get',
      params: { url: 'http://127.0.0.1:1/', headers: { authorization: '${{secrets.SHOP_KEY}}' } },
    };
    const data = await ran({ definition: failing(step) });
    expect(data).toMatchObject({ status: 'failed', error: { code: 'VAULT_ERROR' } });
    const { tool, why } = nextOf(data);
    expect(tool).toBeUndefined();
    expect(why).toContain('OPCODE_SECRET_SHOP_KEY');
  });

  test('a retryable one is retried', async () => {
    const step = { action: 'fs.read', params: { path: `${home.path}-missing/x` } };
    const data = await ran({ definition: failing(step) });
    expect(data).toMatchObject({ status: 'failed', error: { code: 'EXECUTION_ERROR' } });
    expect(nextOf(data)).toMatchObject({
      tool: 'opcode_signal',
      arguments: { signal_type: 'retry' },
    });
  });

  test('a rejected decision is not asked again by itself', async () => {
    const options = [{ id: 'yes' }, { id: 'no', outcome: 'stop' }];
    const asking = { type: 'reasoning', config: { prompt_context: 'Go?', options } };
    const { workflow_id } = await ran({ definition: failing(asking) });
    const payload = { choice: 'no' };
    const args = { workflow_id, signal_type: 'decision', payload };
    await call(session.client, 'opcode_signal', args);
    const { data } = await call(session.client, 'opcode_status', { workflow_id });
    expect(data).toMatchObject({ status: 'failed', error: { code: 'REJECTED' } });
    expect(nextOf(data).tool).toBeUndefined();
  });
});

test('a decision’s choices stand beside the call, not in it', async () => {
  const options = [{ id: 'yes' }, { id: 'no' }];
  const asking = { id: 'ask', type: 'reasoning', config: { prompt_context: 'Go?', options } };
  const data = await ran({ definition: { steps: [asking] } });
  expect(data.next).toMatchObject({ tool: 'opcode_signal', options: ['yes', 'no'] });
  expect(nextOf(data).arguments).not.toHaveProperty('payload');
});

describe('the command line', () => {
  const said = async (definition: object): Promise<string> => {
    const own = freshHome();
    const file = `${own.path}/w.json`;
    await Bun.write(file, JSON.stringify(definition));
    const terminal = fakeTerminal();
    const env = { OPCODE_HOME: own.path, PATH: process.env.PATH, HOME: own.path };
    await execute(['run', file], terminal, env);
    own.remove();
    return terminal.stderr.text();
  };

  test('says how a wrong definition is run again, not to retry', async () => {
    const text = await said(failing({ action: 'workflow.fail', params: {} }));
    expect(text).toMatch(/Correct the workflow, then: opcode rerun \S+ --from bad/);
    expect(text).not.toContain('opcode retry');
    expect(await said(OUTPUT)).toMatch(/opcode rerun \S+ --from @output/);
  });

  test('says to retry what may pass by itself', async () => {
    const text = await said(failing({ action: 'fs.read', params: { path: '/no/such/file' } }));
    expect(text).toMatch(/Try again: opcode retry \S+/);
  });
});
