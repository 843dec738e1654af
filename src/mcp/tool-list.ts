/**
 * The tool list: what each tool takes and gives, in as few words as make it usable. Measured in a
 * test: the whole list stays within 1,650 tokens (bytes by four), the instructions within 120.
 */
import type { GenericSchema } from 'valibot';
import * as q from '../ops/query-schemas.ts';
import * as s from '../ops/schemas.ts';
import { type Spelling, spelled, TOOLS, type ToolName } from './tool-names.ts';
import {
  type ArgumentDocs,
  type ObjectSchema,
  type ShortSchema,
  toolInput,
  toolOutput,
} from './tool-schemas.ts';

export const INSTRUCTIONS =
  'Opcode runs workflows durably without spending tokens. Define a workflow once, run it by name with ' +
  'params. When a result has `next`, call that tool to go on. A run with pending_decisions waits for ' +
  'your signal of type decision. Before writing a definition look at query resource=actions; ' +
  'values are read with ${{steps.ID.output}} and ${{inputs.NAME}}.';

export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: ObjectSchema;
  readonly outputSchema?: ObjectSchema;
  readonly annotations: Readonly<Record<string, boolean>>;
}

interface ToolText {
  readonly description: string;
  readonly input: GenericSchema;
  readonly args: ArgumentDocs;
  readonly own?: Readonly<Record<string, ShortSchema>>;
  readonly required: readonly string[];
  /** Schemas of what it answers, whose fields are all listed; `more`: fields that only the tool adds. */
  readonly output?: {
    readonly schemas: readonly GenericSchema[];
    /** Fields that the tool leaves out. */
    readonly without?: readonly string[];
    readonly more?: Readonly<Record<string, ShortSchema>>;
  };
  readonly annotations: Readonly<Record<string, boolean>>;
}

const OMITTED: Readonly<Record<string, ShortSchema>> = { omitted: { type: 'array' } };
const MAX_BYTES: Readonly<Record<string, ShortSchema>> = { max_bytes: { type: 'integer' } };
const READS = { readOnlyHint: true, openWorldHint: false };
const PARTS: ShortSchema = { type: 'array', items: { type: 'string' } };
// What may come in several types is listed as one, because not every client can list several.
const OBJECT: ShortSchema = { type: 'object' };
const TEXT: ShortSchema = { type: 'string' };

const TEXTS: Readonly<Record<ToolName, ToolText>> = {
  run: {
    description: 'Run a template or definition until it ends, asks or `wait` is over.',
    input: s.runInput,
    args: {
      template_name: '',
      definition: '{steps: [{id, action, params, depends_on?}]}',
      rerun_of: '',
      from_step: 'keep what is before',
      params: '',
      context: '',
      version: '',
      agent_id: '',
      idempotency_key: '',
      wait: '"25s"; "0s" at once',
      dry_run: '',
      include: 'steps, decisions, output, context, events',
      max_bytes: 'default 8192',
    },
    own: {
      definition: OBJECT,
      from_step: TEXT,
      version: TEXT,
      include: PARTS,
      wait: TEXT,
      ...MAX_BYTES,
    },
    required: [],
    output: {
      schemas: [s.runOutput, s.rerunOutput],
      without: ['name'],
      more: OMITTED,
    },
    annotations: { destructiveHint: true, openWorldHint: true },
  },
  status: {
    description: 'Show a run or one step whole.',
    input: s.statusInput,
    args: {
      workflow_id: 'id, prefix or @last',
      step_id: '',
      offset: 'in output',
      include: '',
      wait: '',
      until: '',
      since_sequence: '',
      max_bytes: '',
    },
    own: { offset: { type: 'integer' }, include: PARTS, wait: TEXT, ...MAX_BYTES },
    required: ['workflow_id'],
    output: {
      schemas: [s.statusOutput],
      without: ['definition_hash', 'active_ms'],
      more: OMITTED,
    },
    annotations: READS,
  },
  signal: {
    description: 'Answer a decision (payload {choice} or {reject: true}) or steer a run.',
    input: s.signalInput,
    args: {
      workflow_id: '',
      signal_type: '',
      payload: '',
      step_id: '',
      name: 'of a data signal',
      reasoning: '',
      agent_id: '',
      idempotency_key: '',
      wait: '',
      max_bytes: '',
    },
    own: { payload: OBJECT, wait: TEXT, ...MAX_BYTES },
    required: ['workflow_id', 'signal_type'],
    output: {
      schemas: [s.signalOutput],
      more: OMITTED,
    },
    annotations: { destructiveHint: true, openWorldHint: true },
  },
  define: {
    description: 'Check a workflow and store it.',
    input: s.defineInput,
    args: {
      name: '',
      definition: '',
      edits: '[{path, value | remove}]',
      base: '',
      description: '',
      input_schema: '',
      output_schema: '',
      triggers: '{cron: [{expression, timezone?, params?}], webhook: [{name, secret}]}',
      agent_id: '',
      validate_only: '',
      archived: '',
      max_bytes: '',
    },
    own: {
      definition: OBJECT,
      edits: { type: 'array', items: OBJECT },
      base: TEXT,
      ...MAX_BYTES,
    },
    required: ['name'],
    output: {
      schemas: [s.defineOutput],
      without: ['previous_version', 'diff'],
      // Of a name that is new, only checked, there is none yet.
      more: { ...OMITTED, version: { type: ['integer', 'null'] } },
    },
    annotations: { destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  query: {
    description: 'List things; filter.name: one action or manual page whole.',
    input: q.queryInput,
    args: { resource: '', filter: '', max_bytes: '' },
    own: MAX_BYTES,
    required: ['resource'],
    output: { schemas: [q.queryOutput], more: { ...OMITTED, next: { type: 'object' } } },
    annotations: READS,
  },
  diagram: {
    description: 'Draw a template, definition or run.',
    input: s.diagramInput,
    args: {
      template_name: '',
      version: '',
      workflow_id: '',
      definition: '',
      format: '',
      include_status: '',
      max_bytes: '',
    },
    own: { definition: OBJECT, version: TEXT, ...MAX_BYTES },
    required: ['format'],
    annotations: READS,
  },
};

/** What a tool takes. */
export function inputOf(tool: ToolName): ObjectSchema {
  const { input, args, own = {}, required } = TEXTS[tool];
  return toolInput(input, args, own, required);
}

/** The six tools in their fixed order. */
export function toolList(spelling: Spelling): readonly ListedTool[] {
  return TOOLS.map((name) => {
    const { description, output, annotations } = TEXTS[name];
    const inputSchema = inputOf(name);
    return {
      name: spelled(name, spelling),
      description,
      inputSchema,
      ...(output === undefined
        ? {}
        : { outputSchema: toolOutput(output.schemas, output.without ?? [], output.more ?? {}) }),
      annotations,
    };
  });
}
