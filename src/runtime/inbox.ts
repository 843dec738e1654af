/**
 * Messages from the durable inbox as inputs, and whose turn it is to look for them.
 */

import type { StepFailure } from '../model/error.ts';
import type { EngineInput, Signal } from '../model/input.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { InboxRow, Store } from '../model/store.ts';
import type { LiveRun } from './live-run.ts';

/** Unsettled messages of a live run that are not queued yet, as inputs, in order. */
export function pullInbox(store: Pick<Store, 'unsettled'>, run: LiveRun): EngineInput[] {
  const inputs: EngineInput[] = [];
  for (const row of store.unsettled(run.runId)) {
    if (run.queuedInbox.has(row.id)) continue;
    run.queuedInbox.add(row.id);
    inputs.push(toInput(row));
  }
  return inputs;
}

function toInput(row: InboxRow): EngineInput {
  const body = isJsonObject(row.body) ? row.body : {};
  if (row.kind === 'signal')
    return { type: 'signal', inboxId: row.id, signal: signalFromBody(body) };
  if (row.kind === 'turn') return { type: 'turn', inboxId: row.id };
  const base = {
    inboxId: row.id,
    path: String(body.path),
    seq: 0,
    childId: String(body.child_id),
  };
  if (row.kind === 'child_changed') {
    const status = body.status === 'suspended' ? ('suspended' as const) : ('active' as const);
    return { type: 'child_changed', ...base, status };
  }
  const status = body.status;
  return {
    type: 'child_ended',
    ...base,
    status: status === 'completed' || status === 'failed' ? status : 'cancelled',
    ...(body.output === undefined ? {} : { output: body.output }),
    ...(body.error === undefined ? {} : { error: body.error as unknown as StepFailure }),
  };
}

function signalFromBody(body: JsonObject): Signal {
  const text = (key: string): string | undefined => {
    const value = body[key];
    return typeof value === 'string' ? value : undefined;
  };
  const stepId = text('step_id');
  const name = text('name');
  const reasoning = text('reasoning');
  return {
    type: (text('type') ?? 'data') as Signal['type'],
    by: text('by') ?? null,
    role: (text('role') ?? 'viewer') as Signal['role'],
    sender: (text('sender') ?? 'system') as Signal['sender'],
    payload: body.payload ?? null,
    ...(stepId === undefined ? {} : { stepId }),
    ...(name === undefined ? {} : { name }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(body.cause === 'parent' ? { cause: 'parent' } : {}),
  };
}
