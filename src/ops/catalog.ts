/**
 * The catalogue: every operation by name. This type is the public API of the product; CLI, MCP, HTTP,
 * dashboard and panel call nothing else.
 */
import type { Call, Follow } from './operation.ts';
import type * as schemas from './schemas.ts';
import type { eventView } from './shapes.ts';

export interface Ops {
  readonly run: Call<typeof schemas.runInput, typeof schemas.runOutput>;
  readonly rerun: Call<typeof schemas.rerunInput, typeof schemas.rerunOutput>;
  readonly define: Call<typeof schemas.defineInput, typeof schemas.defineOutput>;
  readonly validate: Call<typeof schemas.validateInput, typeof schemas.validateOutput>;
  readonly schema: Call<typeof schemas.schemaInput, typeof schemas.schemaOutput>;
  readonly status: Call<typeof schemas.statusInput, typeof schemas.statusOutput>;
  readonly overview: Call<typeof schemas.overviewInput, typeof schemas.overviewOutput>;
  readonly signal: Call<typeof schemas.signalInput, typeof schemas.signalOutput>;
  readonly query: Call<typeof schemas.queryInput, typeof schemas.queryOutput>;
  readonly template: Call<typeof schemas.templateInput, typeof schemas.templateView>;
  readonly events: Call<typeof schemas.eventsInput, typeof schemas.eventsOutput>;
  readonly followEvents: Follow<typeof schemas.followEventsInput, typeof eventView>;
  readonly logs: Call<typeof schemas.logsInput, typeof schemas.logsOutput>;
  readonly followLogs: Follow<typeof schemas.followLogsInput, typeof schemas.logChunk>;
  readonly diagram: Call<typeof schemas.diagramInput, typeof schemas.diagramOutput>;
  readonly nodes: Call<typeof schemas.nodesInput, typeof schemas.nodesOutput>;
  readonly recover: Call<typeof schemas.recoverInput, typeof schemas.recoverOutput>;
}
