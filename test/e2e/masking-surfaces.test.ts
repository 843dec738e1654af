/**
 * Secrets come out nowhere: every route that answers a GET, every tool, resource and prompt, every
 * command, every stream, notice, file and log, over runs that came by them in every way. What can
 * answer and stands in no table here fails the test.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { connect } from '../http/daemon.ts';
import { eventually, PATIENCE_MS, TEST_MS } from '../support/patience.ts';
import { leaksIn, MARK, type MaskingWorld, openMaskingWorld } from './masking-world.ts';

setDefaultTimeout(TEST_MS);

let made: MaskingWorld;
beforeAll(async () => {
  made = await openMaskingWorld();
});
afterAll(() => made.close());

/** `$RUN` stands for every run. */
const forEveryRun = (texts: readonly string[]): readonly string[] =>
  texts.flatMap((text) =>
    text.includes('$RUN')
      ? [...new Set(Object.values(made.runs))].map((run) => text.replaceAll('$RUN', run))
      : [text],
  );

const RESOURCES = [
  'workflows',
  'templates',
  'decisions',
  'events',
  'agents',
  'schedules',
  'secrets',
  'actions',
  'reference',
];

const INCLUDE = 'include=steps,decisions,output,context,events';

/** What is asked of each route that answers a GET. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  '/api/v1/validate': ['?template_name=all'],
  '/api/v1/schema': [''],
  '/api/v1/status': [
    '?workflow_id=$RUN',
    `?workflow_id=$RUN&${INCLUDE}`,
    ...['cat', 'fail', 'read', 'get', 'refused', 'broken', 'ask', 'slow', 'each'].map(
      (step) => `?workflow_id=$RUN&step_id=${step}`,
    ),
  ],
  '/api/v1/overview': ['', '?limit=100&failed_within=1h'],
  '/api/v1/query': [
    ...RESOURCES.map((resource) => `?resource=${resource}`),
    '?resource=events&filter.workflow_id=$RUN',
    '?resource=decisions&filter.workflow_id=$RUN',
    '?resource=workflows&filter.status=failed',
    '?resource=workflows&filter.name=hunter',
  ],
  '/api/v1/template': ['?template_name=all', '?template_name=ends'],
  '/api/v1/events': ['?workflow_id=$RUN', '?limit=1000'],
  '/api/v1/logs': ['?workflow_id=$RUN', '?workflow_id=$RUN&step_id=cat'],
  '/api/v1/diagram': ['ascii', 'mermaid', 'svg', 'png', 'dot'].flatMap((format) => [
    `?workflow_id=$RUN&include_status=true&format=${format}`,
    `?template_name=all&format=${format}`,
  ]),
  '/api/v1/nodes': [''],
  '/api/v1/notices': [''],
  '/api/v1/schedule_next': ['?name=nightly'],
  '/api/v1/schedule_history': ['?name=nightly'],
  '/api/v1/token_list': ['?all=true'],
  '/api/v1/followEvents': ['?workflow_id=$RUN'],
  '/api/v1/followLogs': ['?workflow_id=$RUN'],
  '/api/v1/openapi.json': [''],
  '/metrics': [''],
  '/healthz': [''],
  '/readyz': [''],
};

/** What is called of each tool. */
const TOOLS: Readonly<Record<string, readonly object[]>> = {
  run: [
    { template_name: 'ends', include: ['steps', 'output', 'context', 'events'], max_bytes: 1e6 },
    { template_name: 'ends', dry_run: true },
    { template_name: 'fails' },
  ],
  status: [
    { workflow_id: '$RUN' },
    {
      workflow_id: '$RUN',
      include: ['steps', 'decisions', 'output', 'context', 'events'],
      max_bytes: 1e6,
    },
    ...['cat', 'fail', 'each', 'refused'].map((step_id) => ({ workflow_id: '$RUN', step_id })),
  ],
  signal: [{ workflow_id: '$RUN', signal_type: 'data', name: 'x', payload: {}, max_bytes: 1e6 }],
  define: [{ name: 'ends', base: 'latest', edits: [], validate_only: true, max_bytes: 1e6 }],
  query: [
    ...RESOURCES.map((resource) => ({ resource, max_bytes: 1e6 })),
    { resource: 'events', filter: { workflow_id: '$RUN' }, max_bytes: 1e6 },
  ],
  diagram: ['ascii', 'mermaid', 'svg', 'png'].flatMap((format) => [
    { workflow_id: '$RUN', format, include_status: true },
    { template_name: 'all', format },
  ]),
};

const RESOURCE_TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  'opcode://runs/{id}': ['opcode://runs/$RUN'],
  'opcode://runs/{id}/diagram': ['opcode://runs/$RUN/diagram'],
  'opcode://templates/{name}': ['opcode://templates/all', 'opcode://templates/ends'],
};

/** What is called of each command, or why nothing of a run is shown by it. */
const COMMANDS: Readonly<Record<string, readonly string[] | 'shows nothing of a run'>> = {
  agent: ['agent list --json', 'agent list'],
  backup: ['backup copy.db --json'],
  cancel: ['cancel $RUN --json'],
  completion: 'shows nothing of a run',
  decide: ['decide $RUN ask --json', 'decide $RUN'],
  define: ['define all.json --json', 'define ends.json'],
  diagram: ['diagram $RUN', 'diagram all', 'diagram $RUN --format svg', 'diagram $RUN --json'],
  doctor: ['doctor --json', 'doctor'],
  events: ['events $RUN --json', 'events $RUN'],
  examples: 'shows nothing of a run',
  exec: 'shows nothing of a run',
  gc: ['gc --dry-run --json', 'gc --dry-run'],
  logs: ['logs $RUN', 'logs $RUN --json', 'logs $RUN cat', 'logs $RUN fail'],
  mcp: 'shows nothing of a run',
  notify: ['notify list --json', 'notify list', 'notify test bell', 'notify test refusing --json'],
  pause: ['pause $RUN --json', 'pause $RUN'],
  query: RESOURCES.flatMap((resource) => [`query ${resource} --json`, `query ${resource}`]),
  recover: ['recover --json'],
  reject: ['reject $RUN ask --json'],
  rerun: ['rerun $RUN --json --wait 1s', 'rerun $RUN --wait 1s'],
  restart: 'shows nothing of a run',
  restore: ['restore copy.db --dry-run --json'],
  resume: ['resume $RUN --json', 'resume $RUN'],
  retry: ['retry $RUN --json', 'retry $RUN'],
  run: ['run ends --json', 'run ends', 'run fails --json', 'run fails', 'run ends --dry-run'],
  schedule: ['schedule list --json', 'schedule list', 'schedule history nightly --json'],
  schema: 'shows nothing of a run',
  serve: 'shows nothing of a run',
  settings: ['settings --json', 'settings'],
  signal: ['signal $RUN data --name x --json'],
  skip: ['skip $RUN ask --json'],
  status: [
    'status',
    'status --json',
    'status $RUN',
    'status $RUN --json',
    'status $RUN cat',
    'status $RUN fail',
  ],
  stop: 'shows nothing of a run',
  token: ['token list --json', 'token list'],
  validate: ['validate all.json --json', 'validate all.json'],
  verify: ['verify --json', 'verify'],
  version: 'shows nothing of a run',
};

const get = async (path: string): Promise<string> => {
  const response = await fetch(`${made.daemon.url}${path}`, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return `${response.status} ${await response.text()}`;
};

/** What a stream has said when it has said all of these. */
async function streamed(path: string, all: readonly string[]): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(`${made.daemon.url}${path}`, {
    headers: { accept: 'text/event-stream' },
    signal: stop.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (all.every((each) => text.includes(each))) return text;
    }
    return text;
  } finally {
    stop.abort();
  }
}

describe('no answer holds a secret', () => {
  test('every route that answers a GET is in the table', async () => {
    const described = (await (await fetch(`${made.daemon.url}/api/v1/openapi.json`)).json()) as {
      readonly paths: Readonly<Record<string, object>>;
    };
    const routes = Object.entries(described.paths).filter(([, methods]) => 'get' in methods);
    expect(Object.keys(ROUTES).sort()).toEqual(routes.map(([path]) => path).sort());
  });

  test.each(Object.keys(ROUTES).filter((path) => !path.includes('/follow')))(
    'GET %s',
    async (path) => {
      for (const query of forEveryRun(ROUTES[path] ?? [])) {
        const text = await get(`${path}${query}`);
        expect(text).not.toStartWith('5');
        expect(leaksIn(text)).toEqual([]);
      }
    },
  );

  test('a stream of events, and of what is printed', async () => {
    const all = await streamed('/api/v1/events?after=0', Object.values(made.runs));
    expect(all).toContain(MARK);
    expect(leaksIn(all)).toEqual([]);
    const paths = ['followEvents?after=0', 'followLogs?after_offset=0', 'events?after=0'];
    for (const path of paths) {
      for (const run of [made.runs.ends, made.runs.fails]) {
        const text = await streamed(`/api/v1/${path}&workflow_id=${run}`, [MARK, 'cat']);
        expect(text).toContain(MARK);
        expect(leaksIn(text)).toEqual([]);
      }
    }
  });
});

describe('over MCP', () => {
  let client: Client;
  const heard: string[] = [];
  beforeAll(async () => {
    client = await connect(`${made.daemon.url}/mcp`);
    client.fallbackNotificationHandler = async (notification) => {
      heard.push(JSON.stringify(notification));
    };
  });
  afterAll(() => client.close());

  test('every tool is in the table, and answers without a secret', async () => {
    const { tools } = await client.listTools();
    const plain = tools.map(({ name }) => name.replace(/^opcode[._]/, ''));
    expect(plain.sort()).toEqual(Object.keys(TOOLS).sort());
    const seen: string[] = [];
    for (const { name } of tools) {
      const calls = TOOLS[name.replace(/^opcode[._]/, '')] ?? [];
      for (const text of forEveryRun(calls.map((call) => JSON.stringify(call)))) {
        seen.push(JSON.stringify(await client.callTool({ name, arguments: JSON.parse(text) })));
      }
    }
    expect(seen.join('\n')).toContain(MARK);
    expect(leaksIn(seen.join('\n'))).toEqual([]);
  });

  test('every resource and prompt, and what is told', async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate).sort()).toEqual(
      Object.keys(RESOURCE_TEMPLATES).sort(),
    );
    const { resources } = await client.listResources();
    const uris = [
      ...resources.map(({ uri }) => uri),
      ...forEveryRun(Object.values(RESOURCE_TEMPLATES).flat()),
    ];
    const seen = [JSON.stringify(resources)];
    for (const uri of uris) seen.push(JSON.stringify(await client.readResource({ uri })));
    const { prompts } = await client.listPrompts();
    for (const { name } of prompts) seen.push(JSON.stringify(await client.getPrompt({ name })));
    expect(seen.join('\n')).toContain(MARK);
    expect(leaksIn([...seen, ...heard].join('\n'))).toEqual([]);
  });
});

describe('on the command line', () => {
  test('every command is in the table', () => {
    const folder = new URL('../../cli/commands', import.meta.url);
    const names = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
    expect(Object.keys(COMMANDS).sort()).toEqual(names.sort());
  });

  test.each(Object.entries(COMMANDS).filter(([, calls]) => typeof calls !== 'string'))(
    'opcode %s',
    async (_, calls) => {
      for (const line of forEveryRun(calls as readonly string[])) {
        const { code, stdout, stderr } = await made.world.run(...line.split(' '));
        expect([line, code === 70 || stderr.includes('unknown option')]).toEqual([line, false]);
        expect([line, ...leaksIn(`${stdout}\n${stderr}`)]).toEqual([line]);
      }
    },
  );
});

describe('what is kept and sent holds no secret', () => {
  test('messages of channels, and what the receiver and the command said', async () => {
    const bell = join(made.world.folder, 'bell.txt');
    await eventually(() => {
      const { received } = made.receiver;
      const told = received.map(({ body }) => body).join('\n');
      return ['decision', 'run_failed', 'notify'].every((kind) => told.includes(`"${kind}"`));
    }, 'all were told');
    await eventually(async () => (await Bun.file(bell).text()).includes(MARK), 'the command too');
    const sent = made.receiver.received.map((one) => JSON.stringify([one.headers, one.body]));
    expect(sent.join('\n')).toContain(MARK);
    expect(leaksIn([...sent, readFileSync(bell, 'utf8')].join('\n'))).toEqual([]);
    const listed = await made.world.run('notify', 'list', '--json');
    expect(listed.stdout).toContain('exit code 1');
  });

  test('the log of the daemon', () => {
    expect(made.daemon.log()).toContain(MARK);
    expect(leaksIn(made.daemon.log())).toEqual([]);
  });

  test('every file of the home, and a backup', async () => {
    const copy = join(made.world.home, 'after.db');
    expect((await made.world.run('backup', copy, '--json')).code).toBe(0);
    for (const entry of readdirSync(made.world.home, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      expect([path, ...leaksIn(readFileSync(path, 'latin1'))]).toEqual([path]);
    }
  });
});
