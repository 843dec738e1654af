/** How a client starts `opcode mcp` in the home of a world; no daemon is to outlive the test. */
import type { World } from '../../e2e/opcode.ts';

/** Arguments and environment beside those that the client hands on by itself. */
export const stdioServer = (world: World) => ({
  args: ['mcp', '--no-daemon'],
  env: { PATH: process.env.PATH ?? '', HOME: world.folder, OPCODE_HOME: world.home },
});
