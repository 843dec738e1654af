/**
 * Makes the catalogue: each operation over the handed-in parts, as a checked function.
 */
import { createBackup } from './backup.ts';
import { createDefine } from './define.ts';
import type { OpsDeps } from './deps.ts';
import { createDiagram } from './diagram.ts';
import { createEvents, createFollowEvents } from './events.ts';
import { createGate } from './gate.ts';
import { createGc } from './gc.ts';
import { createHold } from './hold.ts';
import { createFollowLogs, createLogs } from './logs.ts';
import { createNodes } from './nodes.ts';
import { createNotices, createNotifyTest } from './notices.ts';
import { guarded, type Operation, type StreamOperation } from './operation.ts';
import { createOverview } from './overview.ts';
import { createParts } from './parts.ts';
import { createQuery } from './query.ts';
import { createRecover } from './recover.ts';
import { createRerun } from './rerun.ts';
import { createRun } from './run.ts';
import { createScheduleOperations, scheduleCalls } from './schedule-operations.ts';
import { createSchema } from './schema.ts';
import { createSignal } from './signal.ts';
import { createStatus } from './status.ts';
import { createTemplate } from './template.ts';
import { createTokenCreate, createTokenList, createTokenRevoke } from './token.ts';
import { createValidate } from './validate.ts';
import { createVerify } from './verify.ts';

/** Every operation as a function of a context and its input. */
export function createOps(deps: OpsDeps) {
  const parts = createParts(deps);
  const gate = guarded(createGate(parts));
  const { callable, followable } = gate;
  const operations = {
    run: createRun(parts),
    rerun: createRerun(parts),
    define: createDefine(parts),
    validate: createValidate(parts),
    schema: createSchema(parts),
    status: createStatus(parts),
    overview: createOverview(parts),
    signal: createSignal(parts),
    query: createQuery(parts),
    template: createTemplate(parts),
    events: createEvents(parts),
    logs: createLogs(parts),
    diagram: createDiagram(parts),
    nodes: createNodes(parts),
    notices: createNotices(parts),
    notify_test: createNotifyTest(parts),
    recover: createRecover(parts),
    gc: createGc(parts),
    verify: createVerify(parts),
    backup: createBackup(parts),
    hold: createHold(parts),
    ...createScheduleOperations(parts),
    token_create: createTokenCreate(parts),
    token_list: createTokenList(parts),
    token_revoke: createTokenRevoke(parts),
  };
  const streams = { followEvents: createFollowEvents(parts), followLogs: createFollowLogs(parts) };
  return {
    run: callable(operations.run),
    rerun: callable(operations.rerun),
    define: callable(operations.define),
    validate: callable(operations.validate),
    schema: callable(operations.schema),
    status: callable(operations.status),
    overview: callable(operations.overview),
    signal: callable(operations.signal),
    query: callable(operations.query),
    template: callable(operations.template),
    events: callable(operations.events),
    logs: callable(operations.logs),
    diagram: callable(operations.diagram),
    nodes: callable(operations.nodes),
    notices: callable(operations.notices),
    notify_test: callable(operations.notify_test),
    recover: callable(operations.recover),
    gc: callable(operations.gc),
    verify: callable(operations.verify),
    backup: callable(operations.backup),
    hold: callable(operations.hold),
    ...scheduleCalls(gate, operations),
    token_create: callable(operations.token_create),
    token_list: callable(operations.token_list),
    token_revoke: callable(operations.token_revoke),
    followEvents: followable(streams.followEvents),
    followLogs: followable(streams.followLogs),
    /** What each operation takes, gives and is on; for surfaces that are made from it. */
    operations: operations as Readonly<Record<keyof typeof operations, AnyOperation>>,
    streams: streams as Readonly<Record<keyof typeof streams, AnyStream>>,
  };
}

/** An operation of unknown shape; its input must come from `parseInput`. */
type AnyOperation = Omit<Operation, 'handle'>;
type AnyStream = Omit<StreamOperation, 'follow'>;
