/** The relay of `opcode mcp`: what a client hears when the daemon under it goes away. */
import { describe, expect, test } from 'bun:test';
import { createRelay, type Upstream } from '../../src/mcp/relay.ts';
import type { Logger } from '../../src/model/ports.ts';

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Record<string, unknown> };
  readonly result?: { readonly isError?: boolean; readonly content?: readonly { text: string }[] };
}

/** A daemon that hears and says what the test wants. */
function fakeDaemon() {
  const heard: Message[] = [];
  let say: (line: string) => void = () => undefined;
  let die: () => void = () => undefined;
  const upstream: Upstream = {
    send(line) {
      const message = JSON.parse(line) as Message;
      heard.push(message);
      // What a relay asks by itself is answered at once.
      if (String(message.id).startsWith('relay-'))
        say(JSON.stringify({ id: message.id, result: {} }));
    },
    onLine(take) {
      say = take;
    },
    onClose(gone) {
      die = gone;
    },
    close: () => undefined,
  };
  return {
    upstream,
    heard,
    methods: () => heard.map(({ method }) => method),
    say: (message: object) => say(JSON.stringify(message)),
    die: () => die(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const settled = (): Promise<void> => turn().then(turn);

function setUp(count: number) {
  const daemons = Array.from({ length: count }, fakeDaemon);
  const asked: boolean[] = [];
  const told: Message[] = [];
  let next = 0;
  const relay = createRelay({
    connect(start) {
      asked.push(start);
      const daemon = start ? daemons[next++] : undefined;
      return start && daemon === undefined
        ? Promise.reject(new Error('no daemon can be started'))
        : Promise.resolve(daemon?.upstream ?? null);
    },
    toClient: (line) => told.push(JSON.parse(line)),
    log: quiet,
  });
  const from = (message: object): void =>
    relay.fromClient(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const daemon = (at: number) => daemons[at] as ReturnType<typeof fakeDaemon>;
  return { relay, daemon, told, from, asked };
}

const INIT = { id: 0, method: 'initialize', params: {} };
const READY = { method: 'notifications/initialized' };
const call = (id: number, name: string, args: object = {}): object => ({
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

describe('a relay', () => {
  test('hands on what both sides say, also what came before the daemon', async () => {
    const { relay, daemon, told, from } = setUp(1);
    from(INIT);
    await settled();
    from(call(1, 'status', { workflow_id: 'x' }));
    daemon(0).say({ id: 0, result: {} });
    daemon(0).say({ id: 1, result: {} });
    expect(daemon(0).methods()).toEqual(['initialize', 'tools/call']);
    expect(told.map(({ id }) => id)).toEqual([0, 1]);
    relay.close();
  });

  test('makes the session again at the next daemon and sends again what is in flight', async () => {
    const { relay, daemon, told, from } = setUp(2);
    from(INIT);
    await settled();
    daemon(0).say({ id: 0, result: {} });
    from(READY);
    from({ id: 1, method: 'logging/setLevel', params: { level: 'info' } });
    daemon(0).say({ id: 1, result: {} });
    from(call(2, 'opcode_run', { template_name: 't' }));
    daemon(0).die();
    await settled();
    expect(daemon(1).methods()).toEqual([
      'initialize',
      'notifications/initialized',
      'logging/setLevel',
      'tools/call',
    ]);
    const [first, second] = [daemon(0), daemon(1)].map(({ heard }) => heard.at(-1));
    expect(second).toEqual(first as Message);
    expect(String(second?.params?.arguments?.idempotency_key)).toStartWith('mcp-');
    daemon(1).say({ id: 2, result: { structuredContent: {} } });
    expect(told.map(({ id }) => id)).toEqual([0, 1, 2]);
    relay.close();
  });

  test('never sends what is cancelled before there is a daemon to send it to', async () => {
    const { relay, daemon, told, from } = setUp(1);
    from(INIT);
    from(call(1, 'opcode_run', { template_name: 't' }));
    from(call(2, 'query', { resource: 'workflows' }));
    for (const requestId of [0, 1, 9])
      from({ method: 'notifications/cancelled', params: { requestId } });
    await settled();
    const sent = daemon(0).heard.map(({ id, method }) => id ?? method);
    expect(sent).toEqual([0, 2, 'notifications/cancelled', 'notifications/cancelled']);
    expect(told).toEqual([]);
    relay.close();
  });

  test('leaves keys and dry runs as they are, and gives signals one', async () => {
    const { relay, daemon, from } = setUp(1);
    await settled();
    from(call(1, 'run', { template_name: 't', idempotency_key: 'mine' }));
    from(call(2, 'opcode.run', { template_name: 't', dry_run: true }));
    from(call(3, 'signal', { workflow_id: 'w', signal_type: 'pause' }));
    from(call(4, 'query', { resource: 'workflows' }));
    const keys = daemon(0).heard.map(({ params }) => params?.arguments?.idempotency_key);
    expect(keys).toEqual(['mine', undefined, expect.stringMatching(/^mcp-/), undefined]);
    relay.close();
  });

  test('gives a call up that ended two daemons, and answers what it knows', async () => {
    const { relay, daemon, told, from } = setUp(3);
    await settled();
    from(call(1, 'run', { template_name: 'kills' }));
    daemon(0).die();
    await settled();
    daemon(1).die();
    await settled();
    expect(daemon(2).heard).toEqual([]);
    expect(told[0]?.result?.isError).toBe(true);
    expect(told[0]?.result?.content?.[0]?.text).toContain(
      '[ACTION_UNAVAILABLE] the daemon ended twice',
    );
    relay.close();
  });

  test('says why there is none, and tries again with the next call', async () => {
    const { relay, daemon, told, from } = setUp(1);
    await settled();
    from(call(1, 'query'));
    daemon(0).die();
    await settled();
    expect(told[0]?.result?.content?.[0]?.text).toContain('no daemon can be started');
    relay.close();
  });

  test('starts none while nobody asks for anything', async () => {
    const { relay, daemon, asked } = setUp(2);
    await settled();
    daemon(0).die();
    await settled();
    expect(asked).toEqual([true, false]);
    relay.close();
  });

  test('drops the answer of a client to a question of a daemon that is gone', async () => {
    const { relay, daemon, told, from } = setUp(2);
    await settled();
    daemon(0).say({ id: 7, method: 'elicitation/create', params: {} });
    expect(told[0]?.method).toBe('elicitation/create');
    from(call(1, 'query'));
    daemon(0).die();
    await settled();
    from({ id: 7, result: { action: 'accept' } });
    expect(daemon(1).methods()).toEqual(['tools/call']);
    relay.close();
  });

  test('answers what is no message itself', async () => {
    const { relay, daemon, told } = setUp(1);
    await settled();
    relay.fromClient('nonsense');
    relay.fromClient('{"jsonrpc":"2.0","id":4}');
    await settled();
    expect(told).toMatchObject([{ error: { code: -32_700 } }, { id: 4, error: { code: -32_600 } }]);
    expect(daemon(0).methods()).toEqual([]);
  });
});
