/**
 * Prompts that a person picks in the client: make a workflow of what was just done, and find out why a
 * run failed.
 */
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { onRequest, PARAMS } from './request-params.ts';
import { type Spelling, spelled } from './tool-names.ts';

interface PromptText {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
  }[];
  readonly text: (args: Readonly<Record<string, string>>, tool: (name: string) => string) => string;
}

const PROMPTS: readonly PromptText[] = [
  {
    name: 'define_workflow',
    title: 'Define a workflow from this conversation',
    description: 'Turns what was done here into a workflow that runs again without a model.',
    arguments: [
      { name: 'name', description: 'Name of the workflow', required: false },
      { name: 'goal', description: 'What it should do, if not all of this', required: false },
    ],
    text: ({ name, goal }, tool) =>
      [
        `Make an Opcode workflow${name === undefined ? '' : ` named "${name}"`} of what we did in this conversation${goal === undefined ? '' : `: ${goal}`}.`,
        '',
        `1. List the actions with ${tool('query')} (resource actions; filter.name shows the params of one).`,
        '2. Write the steps that repeat. What differs between runs becomes an input with a JSON Schema (input_schema). Where judgement is needed put a step of type reasoning with options; nothing else should need a model.',
        '3. Make each step safe to repeat, give it a timeout, and a retry where it calls something that can be down. Secrets are read with ${{secrets.NAME}}, never written down.',
        `4. Check it with ${tool('define')} and validate_only: true, correct what it tells, show me the diagram (${tool('diagram')}, ascii), and define it when I agree.`,
        `5. Run it once with ${tool('run')} and dry_run: true, and tell me what it would do.`,
      ].join('\n'),
  },
  {
    name: 'triage_run',
    title: 'Triage a failed run',
    description: 'Finds out why a run failed and what to do about it.',
    arguments: [
      { name: 'workflow_id', description: 'The run; else the last one', required: false },
    ],
    text: ({ workflow_id }, tool) =>
      [
        `Find out why the Opcode run ${workflow_id ?? '@last'} failed.`,
        '',
        `1. ${tool('status')} with include steps, events, context: the error, the step that failed first, its input and attempts.`,
        `2. Read long outputs of single steps with step_id. Compare with earlier runs of the same template (${tool('query')} workflows).`,
        '3. Say in a few sentences what happened, whether it can happen again, and what was already done and cannot be undone.',
        `4. Propose one of: retry (${tool('signal')}), skip the step, run again from a step (${tool('run')} with rerun_of and from_step), or change the template (${tool('define')} with edits). Do none of it before I agree.`,
      ].join('\n'),
  },
];

export const promptNames = (): readonly string[] => PROMPTS.map(({ name }) => name);

/** Answers the prompt requests of a session. */
export function servePrompts(server: Server, spelling: Spelling): void {
  onRequest(server, 'prompts/list', PARAMS.page, async () => ({
    prompts: PROMPTS.map(({ text: _text, arguments: args, ...prompt }) => ({
      ...prompt,
      arguments: args.map((each) => ({ ...each })),
    })),
  }));
  onRequest(server, 'prompts/get', PARAMS.prompt, async (params) => {
    const prompt = PROMPTS.find(({ name }) => name === params.name);
    if (prompt === undefined) {
      const known = promptNames().join(', ');
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `there is no prompt "${params.name.slice(0, 100)}"; the prompts are ${known}`,
      );
    }
    const text = prompt.text(params.arguments ?? {}, (name) => spelled(name, spelling));
    return {
      description: prompt.description,
      messages: [{ role: 'user', content: { type: 'text', text } }],
    };
  });
}
