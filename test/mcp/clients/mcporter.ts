/** `mcporter`, a command line client: servers given on the spot, and servers of its configuration. */
import { readFileSync } from 'node:fs';
import { BINARY, type World } from '../../e2e/opcode.ts';
import { type Answer, answerOf, type ClientKind, type TestClient } from './client.ts';
import { type DaemonProcess, tokenHeaders } from './daemon-process.ts';
import { type Output, type Programs, runProgram } from './programs.ts';
import { stdioServer } from './stdio-server.ts';

interface Way {
  readonly programs: Programs;
  readonly world: World;
  /** Flags that name the server. */
  readonly flags: readonly string[];
  readonly server: string;
  /** A tool as it is called on this way. */
  readonly spelled: (tool: string) => string;
}

function client({ programs, world, flags, server, spelled }: Way): TestClient {
  const run = (...args: string[]): Promise<Output> => runProgram(programs.mcporter, args, world);
  return {
    async tools() {
      const configured = flags.includes('--config') ? [server] : [];
      const { stdout, stderr } = await run('list', ...configured, ...flags, '--json');
      const { tools } = parsed(stdout, stderr) as { tools: { name: string }[] };
      return tools.map(({ name }) => name);
    },
    async call(tool, args) {
      const what = ['--args', JSON.stringify(args), '--output', 'json'];
      const called = await run('call', ...flags, `${server}.${spelled(tool)}`, ...what);
      return read(called);
    },
    close: async () => undefined,
  };
}

const parsed = (stdout: string, stderr: string): unknown => {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`no JSON:\n${stdout}\n${stderr}`);
  }
};

/** It prints the structured content when there is any, else the content. */
function read({ code, stdout, stderr }: Output): Answer {
  const value = parsed(stdout, stderr) as Record<string, unknown>;
  if (code !== 0) throw new Error(stdout);
  return Array.isArray(value.content)
    ? answerOf(value)
    : { data: value, text: stdout, image: null };
}

/** A configuration like those of editors and agents. */
const config = (world: World, servers: object): string =>
  world.file('mcporter.json', { mcpServers: servers });

/** Flags of a server that is given on the spot. */
function adHoc(daemon: DaemonProcess, path: string): readonly string[] {
  const headers = Object.entries(tokenHeaders(daemon)).map(([name, value]) => `${name}=${value}`);
  const shown = headers.flatMap((header) => ['--header', header]);
  return ['--http-url', `${daemon.url}${path}`, '--allow-http', '--name', 'probe', ...shown];
}

export const mcporterKinds = (programs: Programs): readonly ClientKind[] => [
  {
    name: 'mcporter, an address',
    names: 'underscores',
    showsToken: true,
    connect: async (daemon, world) =>
      client({
        programs,
        world,
        flags: adHoc(daemon, '/mcp'),
        server: 'probe',
        spelled: (tool) => `opcode_${tool}`,
      }),
  },
  {
    name: 'mcporter, an SSE address and names with dots',
    names: 'dots',
    connect: async (daemon, world) =>
      client({
        programs,
        world,
        flags: adHoc(daemon, '/sse'),
        server: 'probe',
        spelled: (tool) => `opcode.${tool}`,
      }),
  },
  {
    // Names are split at dots: `opcode.opcode_run` is understood, and so is `opcode.run`.
    name: 'mcporter, a configured server',
    names: 'underscores',
    connect: async ({ url }, world) =>
      client({
        programs,
        world,
        flags: ['--config', config(world, { opcode: { url: `${url}/mcp` } })],
        server: 'opcode',
        spelled: (tool) => (tool === 'run' ? tool : `opcode_${tool}`),
      }),
  },
  {
    name: "mcporter, a configured server at the first transport's address",
    names: 'dots',
    showsToken: true,
    connect: async (daemon, world) => {
      const server = { ...seedServer(daemon.port), headers: tokenHeaders(daemon) };
      return client({
        programs,
        world,
        flags: ['--config', config(world, { opcode: server })],
        server: 'opcode',
        spelled: (tool) => tool,
      });
    },
  },
  {
    name: 'mcporter, a configured command',
    names: 'underscores',
    stdio: true,
    connect: async (_daemon, world) =>
      client({
        programs,
        world,
        flags: ['--config', config(world, { opcode: { command: BINARY, ...stdioServer(world) } })],
        server: 'opcode',
        spelled: (tool) => `opcode_${tool}`,
      }),
  },
];

const SEED = readFileSync(`${import.meta.dir}/seed.mcp.json`, 'utf8');

/** The server of the configuration that must always work, on this port. */
export const seedServer = (port: number): { readonly type: string; readonly url: string } =>
  JSON.parse(SEED.replace(':4100', `:${port}`)).mcpServers.opcode;
