/**
 * The catalogue: every operation by name. `Ops` is the public API of the product; CLI, MCP, HTTP,
 * dashboard and panel call nothing else.
 */
import type { createOps } from './create-ops.ts';

export type Ops = ReturnType<typeof createOps>;
