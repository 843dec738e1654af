/**
 * `hold`: every unfinished run is suspended until somebody resumes it, whatever it waits for. Meant for
 * a restored database that nobody executes yet; runs that have not begun are not touched here.
 *
 * Time up to here is not active time: the run was not executed since its last event.
 */
import { fold } from '../core/evolve.ts';
import { waitingFor } from '../core/settle.ts';
import { newState } from '../core/state.ts';
import type { RunEvent } from '../model/event.ts';
import { asNodeId, type NodeId, type RunId } from '../model/ids.ts';
import type { RunState } from '../model/run-state.ts';
import type { Claim } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import { deadNodes } from './executors.ts';
import type { Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { holdInput, holdOutput } from './upkeep-schemas.ts';

const RUNS_AT_ONCE = 200;
const EVENTS_AT_ONCE = 2000;

export function createHold(parts: OpsParts): Operation<typeof holdInput, typeof holdOutput> {
  return {
    name: 'hold',
    summary: 'Suspend every unfinished run until somebody resumes it',
    input: holdInput,
    output: holdOutput,
    surfaces: ['cli'],
    access: 'admin',
    async handle() {
      const node = asNodeId(parts.random.uuid());
      let suspended = 0;
      let cursor: string | undefined;
      do {
        const page = parts.store.queryRuns({
          status: ['active', 'suspended', 'pending'],
          limit: RUNS_AT_ONCE,
          ...(cursor === undefined ? {} : { cursor }),
        });
        // One that has a log and is pending waits for its place; the others have not begun.
        const begun = page.items.filter(({ seq }) => seq > 0);
        for (const { runId } of begun) await holdRun(parts, runId, node);
        suspended += begun.length;
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return { suspended, pending: parts.store.countRuns().pending };
    },
  };
}

async function holdRun(parts: OpsParts, runId: RunId, node: NodeId): Promise<void> {
  const { store, plans, upkeep } = parts;
  const row = store.run(runId);
  if (row === null) return;
  const state = newState(runId, plans.plan(row));
  const claim = store.claim(runId, node, deadNodes(parts));
  if (claim === null) return;
  for (let seq = -1; seq < state.seq; ) {
    seq = state.seq;
    fold(state, store.events(runId, seq, EVENTS_AT_ONCE));
  }
  const events = holdingEvents(parts, state, claim);
  await store.append([
    {
      runId,
      owner: node,
      epoch: claim.epoch,
      expectedSeq: claim.seq,
      events,
      create: null,
      patch: upkeep.rows.patch(state, true),
      decisions: [],
      settled: [],
      sends: upkeep.rows.messages(state, events),
      children: [],
    },
  ]);
}

function holdingEvents({ clock }: OpsParts, state: RunState, { epoch }: Claim): RunEvent[] {
  const at = Math.max(clock.now(), state.at);
  const events: RunEvent[] = [];
  const add = (event: RunEvent): void => {
    fold(state, [event]);
    events.push(event);
  };
  if (state.status === 'active') {
    const last_seen = toRfc3339(state.at);
    const payload = { epoch, node: null, last_seen };
    add({ seq: state.seq + 1, at, type: 'workflow_interrupted', path: null, payload });
  }
  const payload = { reason: 'restored', waiting_for: waitingFor(state) };
  add({ seq: state.seq + 1, at, type: 'workflow_suspended', path: null, payload });
  return events;
}
