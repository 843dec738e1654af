/**
 * The storage port: what every store (SQLite, memory) keeps and promises.
 *
 * Events are the truth; rows are derived from them and written in the same transaction. `append` is
 * fenced: it writes nothing of a run whose owner, epoch or sequence is no longer what the caller
 * holds. Reads are synchronous. All times are epoch milliseconds. Any method may throw
 * `AppError("STORE_ERROR")` (busy, disk full, unreadable); then nothing was written.
 */
import type { AccessStore } from './access-store.ts';
import type { WorkflowPackage } from './definition.ts';
import type { StepFailure } from './error.ts';
import type { RunEvent, WaitingFor } from './event.ts';
import type { DefinitionHash, NodeId, RunId } from './ids.ts';
import type { SignalVerdict, StartFacts } from './input.ts';
import type { Json, JsonObject } from './json.ts';
import type { AgentMessage, EventNotice, NoticeStore } from './notice-store.ts';
import type {
  AskedPlace,
  Asker,
  PlaceChange,
  PlaceRefusal,
  PlaceRow,
  PlaceVerdict,
  Queue,
  QueueLimit,
  WokenRun,
} from './place.ts';
import type { RunStatus } from './run-status.ts';
import type { ScheduleStore } from './schedule-store.ts';
import type { SessionStore } from './session-store.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { InboxSend, NewRun, Page } from './store-rows.ts';
import type { UpkeepStore } from './upkeep-store.ts';

export type { InboxKind, InboxSend, NewRun, Page } from './store-rows.ts';

export interface RunHead {
  readonly runId: RunId;
  readonly owner: NodeId | null;
  readonly epoch: number;
  /** Sequence of the last event, 0 before the first. */
  readonly seq: number;
  readonly status: RunStatus;
  readonly wakeAt: number | null;
}

/** One run as queries see it. */
export interface RunRow extends RunHead {
  readonly definitionHash: DefinitionHash;
  /** Version of the engine's rules that it runs under. */
  readonly rules: number;
  readonly name: string | null;
  readonly template: string | null;
  readonly version: number | null;
  readonly agentId: string | null;
  readonly parentId: RunId | null;
  readonly parentPath: string | null;
  readonly trigger: Json | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly paused: boolean;
  readonly error: StepFailure | null;
  readonly waitingFor: readonly WaitingFor[];
  /** Present until the run's first event. */
  readonly start: StartFacts | null;
}

export interface RunPatch {
  readonly status: RunStatus;
  readonly paused: boolean;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly error: StepFailure | null;
  readonly waitingFor: readonly WaitingFor[];
  /** When the run must be looked at next though nobody owns it; null = only when signalled. */
  readonly wakeAt: number | null;
  /** True: the run has no owner after this append (it is parked or has ended). */
  readonly release: boolean;
}

export type DecisionStatus = 'pending' | 'resolved' | 'cancelled';

/** A decision's row; `body` is the wire shape without status and resolution. */
export interface DecisionRow {
  readonly id: string;
  readonly runId: RunId;
  readonly path: string;
  readonly seq: number;
  readonly kind: 'reasoning' | 'outcome_unknown';
  readonly status: DecisionStatus;
  readonly targetAgent: string | null;
  readonly createdAt: number;
  readonly timeoutAt: number | null;
  readonly body: JsonObject;
  readonly resolution: JsonObject | null;
}

export interface InboxRow extends Omit<InboxSend, 'keyed'> {
  readonly id: number;
  readonly verdict: InboxVerdict | null;
}

export type InboxVerdict =
  | { readonly ok: true; readonly result: JsonObject }
  | { readonly ok: false; readonly error: StepFailure };

/** Everything one run writes in one transaction. */
export interface RunAppend {
  readonly runId: RunId;
  readonly owner: NodeId;
  readonly epoch: number;
  readonly expectedSeq: number;
  /** Gapless from `expectedSeq + 1`; may be empty (a refusal settles without an event). */
  readonly events: readonly RunEvent[];
  /** Set on the very first append of a run that did not exist: inserted owned, with `epoch`. */
  readonly create: NewRun | null;
  readonly patch: RunPatch;
  readonly decisions: readonly DecisionRow[];
  readonly settled: readonly (SignalVerdict & { readonly inboxId: number })[];
  readonly sends: readonly InboxSend[];
  readonly children: readonly NewRun[];
  /** Secrets that the run has used, kept for all runs of its tree; one that is there already stays as it is. */
  readonly secrets?: { readonly root: RunId; readonly used: readonly UsedSecret[] };
  /** What becomes of its place under `concurrency`. */
  readonly place?: PlaceChange;
  /** Who is told of these events. */
  readonly notices?: readonly EventNotice[];
  readonly messages?: readonly AgentMessage[];
}

export type AppendOutcome =
  /** `woken`: runs that were given their turn or told to make room. */
  | { readonly ok: true; readonly lastEventId: number; readonly woken?: readonly WokenRun[] }
  /** `lost`: owner, epoch or sequence differ. `duplicate`: the idempotency key is taken. */
  | { readonly ok: false; readonly reason: 'lost' }
  /** A new run that found no place and may not wait for one. */
  | { readonly ok: false; readonly reason: 'no_place'; readonly refusal: PlaceRefusal }
  /** Places are not as they were when this was decided: decide again. */
  | { readonly ok: false; readonly reason: 'places_changed' }
  | {
      readonly ok: false;
      readonly reason: 'duplicate';
      readonly runId: RunId;
      /** False when the key belongs to another request. */
      readonly sameRequest: boolean;
    };

export interface NodeRow {
  readonly nodeId: NodeId;
  readonly role: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, as text. */
  readonly pidStarted: string;
  readonly bootId: string;
  readonly host: string;
  /** Pid namespace, e.g. `pid:[4026531836]`, or "" where there is none. */
  readonly pidNamespace: string;
  /** Mount namespace: processes that share it see the same files; "" where there is none. */
  readonly mountNamespace: string;
  readonly uid: number;
  readonly version: string;
  readonly leaseUntil: number;
  readonly startedAt: number;
}

/** A node as the store knows it. */
export interface KnownNode extends NodeRow {
  /** How many active runs it owned when its death was found; null while nobody has found it. */
  readonly activeAtDeath: number | null;
}

export interface Claim {
  readonly epoch: number;
  readonly seq: number;
  readonly previousOwner: NodeId | null;
}

export interface StoredEvent {
  readonly id: number;
  readonly runId: RunId;
  readonly event: RunEvent;
}

export interface RunFilter {
  readonly status?: readonly RunStatus[];
  readonly template?: string;
  readonly agentId?: string;
  readonly name?: string;
  readonly parentId?: string;
  /** Bounds on creation time, inclusive. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  /** Opaque; from the page before. Newest first. */
  readonly cursor?: string;
}

export interface EventFilter {
  readonly runId?: string;
  readonly path?: string;
  readonly types?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly cursor?: string;
}

export interface DecisionFilter {
  readonly status?: DecisionStatus;
  readonly runId?: string;
  readonly targetAgent?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export interface TemplateRow {
  readonly name: string;
  readonly version: number;
  readonly definitionHash: DefinitionHash;
  /** Version of the engine's rules that its runs get. */
  readonly rules: number;
  readonly pack: WorkflowPackage;
  readonly agentId: string | null;
  readonly workingDir: string | null;
  /** The file it was defined from; null when it was given as a value, or of a version before this. */
  readonly sourceFile: string | null;
  readonly archived: boolean;
  readonly createdAt: number;
}

export interface NewTemplate {
  readonly name: string;
  readonly definitionHash: DefinitionHash;
  /** Rules of a new version; the same text again keeps the version and the rules that it has. */
  readonly rules: number;
  /** Makes a new version of the same text, too, when the newest one has other rules. */
  readonly renewRules?: boolean;
  readonly pack: WorkflowPackage;
  readonly agentId: string | null;
  readonly workingDir: string | null;
  readonly sourceFile: string | null;
  readonly createdAt: number;
}

/** A secret by its name, and what tells its value from most others; null where nobody could say. */
export interface UsedSecret {
  readonly name: string;
  readonly mark: string | null;
}

/** A piece of what a step's process printed, masked. `offset` orders the pieces of one run. */
export interface LogChunk {
  readonly offset: number;
  readonly runId: RunId;
  readonly path: string;
  readonly attempt: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly at: number;
}

export interface EventLogStore {
  /** One transaction; each run fenced in its own savepoint. Outcomes in the order given. */
  append(group: readonly RunAppend[]): Promise<readonly AppendOutcome[]>;
  /** Events of one run with `seq > afterSeq`, in order. */
  events(runId: RunId, afterSeq: number, limit: number): readonly RunEvent[];
  /** Events of all runs with `id > afterId`, in commit order; optionally one run's. */
  tail(afterId: number, limit: number, runId?: RunId): readonly StoredEvent[];
  lastEventId(): number;
  /** Names this database among all others; a restored one has a name of its own. */
  databaseId(): string;
  queryEvents(filter: EventFilter): Page<StoredEvent>;
}

export interface RunStore {
  /** Adds a run nobody owns yet (status `pending`). */
  createPending(run: NewRun): AppendOutcome;
  head(runId: RunId): RunHead | null;
  run(runId: RunId): RunRow | null;
  /** Secrets that runs of this tree have used, by name; kept as long as its topmost run is. */
  usedSecrets(root: RunId): readonly UsedSecret[];
  /** Ids that begin with `prefix`, newest first, at most `limit`. */
  findIds(prefix: string, limit: number): readonly RunId[];
  latestId(): RunId | null;
  queryRuns(filter: RunFilter): Page<RunRow>;
  countRuns(): Readonly<Record<RunStatus, number>>;
  /**
   * Makes `node` the owner when the run has none or its owner is one of `dead`, raising the epoch.
   * Null when someone else holds it or it has ended and nothing is in its inbox.
   */
  claim(runId: RunId, node: NodeId, dead: readonly NodeId[]): Claim | null;
  /** Gives a run up without an event. */
  release(runId: RunId, node: NodeId, epoch: number, wakeAt: number | null): boolean;
  /**
   * Runs an executor should claim now: unowned ones that are `pending` past `claimableFrom`, whose
   * `wakeAt` has come or whose inbox holds unsettled rows; and unfinished ones owned by `dead` nodes
   * or by nodes that have no row. Oldest due first.
   */
  claimable(nowMs: number, dead: readonly NodeId[], limit: number): readonly RunId[];
  /** The earliest `wakeAt` or `claimableFrom` in the future of an unowned run, or null. */
  nextWakeAt(nowMs: number): number | null;
  /** Unfinished runs whose owner is none, dead or gone; `wakeAt` does not matter. For notices. */
  countWithoutExecutor(dead: readonly NodeId[]): number;
}

/** Places under `concurrency`; they change with starts, appends and ends, in the same transaction. */
export interface PlaceStore {
  place(runId: RunId): PlaceRow | null;
  /** The queue that a run was in when it had not ended, also after it has; null for none. */
  queueOf(runId: RunId): Queue | null;
  /** What would come of asking now; `ahead`: places that others take in the same transaction before. */
  judgePlace(asked: AskedPlace, asker: Asker, ahead?: number): PlaceVerdict;
  /** Who holds the places of a queue, in order of arrival, at most `limit`. */
  placeHolders(queue: Queue, limit: number): readonly PlaceRow[];
  /** How many wait in the queue of a waiting run before it. */
  placesAhead(place: PlaceRow): number;
  /** Queues in which somebody waits, of one group or of all. */
  waitingQueues(group: string | null): readonly Queue[];
  /** Gives turns to those who wait while a limit leaves room; answers to whom. */
  handOnPlaces(queue: Queue, limit: QueueLimit, nowMs: number): readonly WokenRun[];
}

/** `duplicate`: the key was used before; `same`: for just this message. */
export interface Sent {
  readonly id: number;
  readonly duplicate: boolean;
  readonly same: boolean;
}

export interface InboxStore {
  /** Adds a row and marks an unowned run for claiming. Null when the run does not exist. */
  send(message: InboxSend): Sent | null;
  /** Unsettled rows of a run, in order. */
  unsettled(runId: RunId): readonly InboxRow[];
  /** Of these runs, the ones that have unsettled rows. */
  runsWithUnsettled(owner: NodeId): readonly RunId[];
  row(id: number): InboxRow | null;
  /** The message that came to the run with this idempotency key, settled or not. */
  sentWithKey(runId: RunId, key: string): InboxRow | null;
}

export interface NodeStore {
  register(node: NodeRow): void;
  /** False when it has no row; one that renews is not dead, whoever has found it so. */
  renew(nodeId: NodeId, leaseUntil: number): boolean;
  nodes(): readonly KnownNode[];
  /** Notes for each of these nodes how many active runs it owns, unless that was noted before. */
  noteDeaths(dead: readonly NodeId[]): void;
  remove(nodeId: NodeId): void;
}

export interface TemplateStore {
  putDefinition(hash: DefinitionHash, definition: Json): void;
  definition(hash: DefinitionHash): Json | null;
  /** Adds a version; an identical definition and package as the newest returns that version. */
  define(template: NewTemplate): { readonly version: number; readonly created: boolean };
  /** The newest version when `version` is null; archived ones too. */
  template(name: string, version: number | null): TemplateRow | null;
  templates(limit: number, cursor?: string): Page<TemplateRow>;
  templateNames(): readonly string[];
  setArchived(name: string, archived: boolean): boolean;
}

export interface DecisionStore {
  decision(id: string): DecisionRow | null;
  queryDecisions(filter: DecisionFilter): Page<DecisionRow>;
}

export interface LogStore {
  appendLogs(chunks: readonly Omit<LogChunk, 'offset'>[]): void;
  logs(runId: RunId, afterOffset: number, limit: number, path?: string): readonly LogChunk[];
}

/** Everything a store does. */
export interface Store
  extends EventLogStore,
    RunStore,
    PlaceStore,
    InboxStore,
    NodeStore,
    TemplateStore,
    DecisionStore,
    LogStore,
    NoticeStore,
    UpkeepStore,
    ScheduleStore,
    AccessStore,
    SessionStore,
    SnapshotStore {
  /** Changes whenever another connection has written; cheap. */
  dataVersion(): number;
  /**
   * Calls back when somebody may have written: perhaps a moment before it can be read, also for one's
   * own writes, and perhaps never. Nobody may rely on it.
   */
  watchWrites(onHint: () => void): () => void;
  close(): void;
}
