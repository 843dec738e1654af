/**
 * `workflow.*`: what a step does to its own run, and `workflow.run`, which the engine carries out.
 *
 * Inline: their notes become events of the transaction that completes the step, so they happen
 * exactly once.
 */
import type { ActionDef, EngineAction, InlineAction, ParamSpec } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { parseDuration } from '../model/time.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const anything: ParamSpec = { type: 'any' };
const text: ParamSpec = { type: 'string' };
const requiredText: ParamSpec = { type: 'string', required: true };
const WORKFLOW_RUN: EngineAction = {
  name: 'workflow.run',
  description: 'Runs a template as a child; its output is the step’s.',
  effect: 'internal',
  inline: 'engine',
  via: 'child',
  params: {
    template_name: requiredText,
    version: { type: 'version' },
    params: { type: 'object', secrets: true },
    wait: { type: 'boolean', default: true },
    on_suspend: { type: 'string', values: ['wait', 'fail'], default: 'wait' },
    agent_id: text,
  },
};

/** `isHeard`: whether an agent (null: anybody) is told at once. */
export function workflowActions(
  isHeard: (agent: string | null) => boolean = () => false,
): readonly ActionDef[] {
  return [WORKFLOW_RUN, EMIT, CONTEXT, SET, FAIL, LOG, createNotify(isHeard)];
}

const EMIT: InlineAction = {
  name: 'workflow.emit',
  description: 'Records an event of your own; it also goes to the live stream.',
  effect: 'internal',
  inline: true,
  params: { event_type: requiredText, payload: anything },
  renamed: { event: 'event_type', signal: 'event_type', data: 'payload' },
  run: (params) => ({
    output: { emitted: true },
    notes: {
      emitted: [{ event_type: String(params.event_type), payload: params.payload ?? null }],
    },
  }),
};

const CONTEXT: InlineAction = {
  name: 'workflow.context',
  description: 'Reads the run’s context, or merges into it.',
  effect: 'internal',
  inline: true,
  params: {
    action: { type: 'string', required: true, values: ['read', 'update'] },
    data: anything,
    agent_notes: text,
    workflow_id: { type: 'string', description: 'the own run, if given' },
  },
  check: ({ action, data, agent_notes }) => {
    if (action === 'read') {
      const given = data !== undefined || agent_notes !== undefined;
      return given ? '"data" and "agent_notes" belong to `action: update`' : null;
    }
    if (data === undefined && agent_notes === undefined) {
      return '`action: update` needs "data" or "agent_notes"';
    }
    if (data === undefined || isJsonObject(data)) return null;
    return '"data" must be an object: its keys are merged into the context';
  },
  run(params, context) {
    const target = params.workflow_id;
    if (target !== undefined && target !== context.runId) {
      const message = 'a step reads and changes the context of its own run only';
      throw new AppError('VALIDATION_ERROR', message, {
        hint: 'leave "workflow_id" out; another run is reached by a data signal',
      });
    }
    if (params.action === 'read') return { output: context.context };
    const changed: Record<string, Json> = {};
    const { data } = params;
    if (isJsonObject(data))
      for (const key of Object.keys(data)) setOwn(changed, key, data[key] as Json);
    if (params.agent_notes !== undefined) changed.notes = params.agent_notes;
    return { output: { updated: true }, notes: { context: changed } };
  },
};

const SET: InlineAction = {
  name: 'workflow.set',
  description: 'Sets context variables.',
  effect: 'internal',
  inline: true,
  params: { variables: { type: 'object', required: true } },
  run(params) {
    const variables = (params.variables ?? {}) as JsonObject;
    return { output: { set: Object.keys(variables) }, notes: { variables } };
  },
};

/** How long a message is kept for an agent that is away, when the step does not say. */
const NOTIFY_TTL = '24h';

const createNotify = (isHeard: (agent: string | null) => boolean): InlineAction => ({
  name: 'workflow.notify',
  description: 'Leaves a message for an agent or a person; kept until it is delivered or too old.',
  effect: 'internal',
  inline: true,
  params: {
    message: requiredText,
    level: { type: 'string', values: LEVELS, default: 'info' },
    data: anything,
    agent_id: text,
    ttl: { type: 'duration', default: NOTIFY_TTL },
  },
  run({ message, level, data, agent_id: agent, ttl }) {
    const kept = parseDuration(ttl);
    const to = typeof agent === 'string' ? agent : null;
    return {
      // The message is in the log of the run; whoever delivers takes it from there.
      output: isHeard(to)
        ? { notified: true }
        : { notified: false, reason: reasonOf(to, kept.ok && kept.ms > 0) },
      notes: {
        notified: [
          {
            message: String(message),
            level: String(level),
            ttl_ms: kept.ok ? kept.ms : 0,
            ...(data === undefined ? {} : { data }),
            ...(typeof agent === 'string' ? { agent_id: agent } : {}),
          },
        ],
      },
    };
  },
});

function reasonOf(agent: string | null, isKept: boolean): string {
  if (isKept) return `kept until ${agent === null ? 'somebody' : `agent "${agent}"`} is there`;
  return agent === null ? 'nobody is there' : `agent "${agent}" is not there`;
}

const FAIL: InlineAction = {
  name: 'workflow.fail',
  description: 'Fails the step for good.',
  effect: 'internal',
  inline: true,
  params: { reason: text },
  run({ reason }) {
    const given = typeof reason === 'string' && reason !== '';
    throw new AppError('NON_RETRYABLE', given ? reason : 'the workflow failed itself');
  },
};

const LOG: InlineAction = {
  name: 'workflow.log',
  description: 'Writes to the run’s log.',
  effect: 'internal',
  inline: true,
  params: {
    message: requiredText,
    level: { type: 'string', values: LEVELS, default: 'info' },
    data: anything,
  },
  unknownInto: 'data',
  run(params) {
    const { data } = params;
    const entry = { level: String(params.level ?? 'info'), message: String(params.message) };
    return {
      output: { logged: true },
      notes: { logged: [data === undefined ? entry : { ...entry, data }] },
    };
  },
};
