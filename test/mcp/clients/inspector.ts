/** The inspector of the protocol's authors, on the command line. */
import { BINARY, type World } from '../../e2e/opcode.ts';
import { answerOf, type ClientKind, type TestClient } from './client.ts';
import { type DaemonProcess, tokenHeaders } from './daemon-process.ts';
import { type Output, type Programs, runProgram } from './programs.ts';
import { stdioServer } from './stdio-server.ts';

/** Asks once: `--method` and what it needs. */
export const inspect = (
  programs: Programs,
  world: World,
  target: readonly string[],
  ...method: string[]
): Promise<Output> =>
  runProgram(programs.inspector, ['--cli', ...target, '--method', ...method], world);

function client(
  programs: Programs,
  world: World,
  target: readonly string[],
  prefix: string,
): TestClient {
  return {
    async tools() {
      const { tools } = jsonOf(await inspect(programs, world, target, 'tools/list'));
      return (tools as { name: string }[]).map(({ name }) => name);
    },
    async call(tool, args) {
      const pairs = Object.entries(args).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      const how = ['--tool-name', `${prefix}${tool}`, '--tool-arg', ...pairs];
      return answerOf(jsonOf(await inspect(programs, world, target, 'tools/call', ...how)));
    },
    close: async () => undefined,
  };
}

function jsonOf({ stdout, stderr }: Output): Record<string, unknown> {
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    throw new Error(`no JSON:\n${stdout}\n${stderr}`);
  }
}

/** What names a server that the inspector starts itself. */
const command = (world: World): string[] => {
  const { args, env } = stdioServer(world);
  return [
    BINARY,
    ...args,
    ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
  ];
};

function address(daemon: DaemonProcess, path: string, transport: string): readonly string[] {
  const headers = Object.entries(tokenHeaders(daemon)).map(([name, value]) => `${name}: ${value}`);
  const shown = headers.flatMap((header) => ['--header', header]);
  return [`${daemon.url}${path}`, '--transport', transport, ...shown];
}

export const inspectorKinds = (programs: Programs): readonly ClientKind[] => [
  {
    name: 'inspector over HTTP',
    names: 'underscores',
    showsToken: true,
    connect: async (daemon, world) =>
      client(programs, world, address(daemon, '/mcp', 'http'), 'opcode_'),
  },
  {
    name: 'inspector over SSE',
    names: 'dots',
    connect: async (daemon, world) =>
      client(programs, world, address(daemon, '/sse', 'sse'), 'opcode.'),
  },
  {
    name: 'inspector over stdio',
    names: 'underscores',
    stdio: true,
    connect: async (_daemon, world) => client(programs, world, command(world), 'opcode_'),
  },
];
