/** How a client starts `opcode mcp` in the home of a world. */
import type { World } from '../../e2e/opcode.ts';

/**
 * Arguments and environment beside those that the client hands on by itself. The daemon that it starts
 * when none lives takes any free port; `opcode stop` in that world ends it.
 */
export const stdioServer = (world: World, ...flags: string[]) => ({
  args: ['mcp', ...flags],
  env: {
    PATH: process.env.PATH ?? '',
    HOME: world.folder,
    OPCODE_HOME: world.home,
    OPCODE_LISTEN_ADDR: '127.0.0.1:0',
  },
});
