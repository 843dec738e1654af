/**
 * Tools of the fixture that need something of the client in between: a form filled in, an answer of
 * its model, its folders. Written as results that want input; for older protocols the SDK asks itself.
 */
import { randomBytes } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { text } from './fixture-content.ts';

type Args = Readonly<Record<string, unknown>>;
export type Tool = (args: Args, ctx: ServerContext, server: Server) => Promise<object> | object;

const states = createRequestStateCodec<string>({ key: randomBytes(32) });

const form = (message: string, properties: object, required?: string[]) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, ...(required && { required }) } as never,
  });

const oneText = (message: string, name: string) =>
  form(message, { [name]: { type: 'string' } }, [name]);

const sampling = (question: string, maxTokens = 100) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: text(question) }],
    maxTokens,
  });

const said = (...words: unknown[]) => ({ content: [text(words.map(String).join(' '))] });
const shown = (value: unknown): string => JSON.stringify(value);

/** Wants what a request is for until it is there. */
const asking =
  (
    key: string,
    request: (args: Args) => ReturnType<typeof form>,
    done: (answer: ReturnType<typeof inputResponse>) => object,
  ): Tool =>
  (args, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, key);
    return answer.kind === 'missing'
      ? inputRequired({ inputRequests: { [key]: request(args) } })
      : done(answer);
  };

const samplingText = (answer: ReturnType<typeof inputResponse>): string =>
  answer.kind === 'sampling' ? shown(answer.result.content) : 'nothing';

const completed = (answer: ReturnType<typeof inputResponse>) =>
  answer.kind === 'elicit'
    ? said(`Elicitation completed: action=${answer.action}, content=${shown(answer.content ?? {})}`)
    : said('no form');

const OPTIONS = ['option1', 'option2', 'option3'];
const titled = (kind: string) =>
  [1, 2, 3].map((n) => ({ const: `value${n}`, title: `${kind} ${n}` }));

const ENUMS = {
  untitledSingle: { type: 'string', enum: OPTIONS },
  titledSingle: { type: 'string', oneOf: titled('Option') },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: OPTIONS } },
  titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
};

const DEFAULTS = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

/** The state that a call brings back. @throws -32602 when it is not as it was given */
async function stateOf(ctx: ServerContext): Promise<string | null> {
  const state: unknown = ctx.mcpReq.requestState();
  if (typeof state !== 'string') return null;
  try {
    return await states.verify(state, ctx);
  } catch (thrown) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `requestState: ${String(thrown)}`);
  }
}

/** Wants several things at once, with a state that must come back as it was given. */
async function several(_args: Args, ctx: ServerContext): Promise<object> {
  const { inputResponses } = ctx.mcpReq;
  const keys = ['user_name', 'greeting', 'client_roots'];
  if ((await stateOf(ctx)) !== null && keys.every((key) => inputResponses?.[key] !== undefined)) {
    return said('all there:', shown(inputResponses));
  }
  return inputRequired({
    inputRequests: {
      user_name: oneText('What is your name?', 'name'),
      greeting: sampling('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    },
    requestState: await states.mint('several'),
  });
}

async function rounds(_args: Args, ctx: ServerContext): Promise<object> {
  const { inputResponses } = ctx.mcpReq;
  const state = await stateOf(ctx);
  if (state === 'second' && acceptedContent(inputResponses, 'step2') !== undefined) {
    return said('done');
  }
  const isSecond = state === 'first' && acceptedContent(inputResponses, 'step1') !== undefined;
  return isSecond
    ? inputRequired({
        inputRequests: { step2: oneText('Step 2: What is your favorite color?', 'color') },
        requestState: await states.mint('second'),
      })
    : inputRequired({
        inputRequests: { step1: oneText('Step 1: What is your name?', 'name') },
        requestState: await states.mint('first'),
      });
}

async function withState(_args: Args, ctx: ServerContext): Promise<object> {
  const state = await stateOf(ctx);
  if (state !== null && acceptedContent(ctx.mcpReq.inputResponses, 'confirm') !== undefined) {
    return said('state-ok');
  }
  return inputRequired({
    inputRequests: { confirm: form('Please confirm', { ok: { type: 'boolean' } }, ['ok']) },
    requestState: await states.mint('asked'),
  });
}

function capabilities(ctx: ServerContext, server: Server): Readonly<Record<string, unknown>> {
  const envelope = (ctx.mcpReq.envelope ?? {}) as Readonly<Record<string, unknown>>;
  const known = envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
  return (known ?? {}) as Readonly<Record<string, unknown>>;
}

/** Asks for no more than the client said it can do. */
function whatTheClientCan(_args: Args, ctx: ServerContext, server: Server): object {
  const { inputResponses } = ctx.mcpReq;
  if (inputResponses !== undefined) return said(shown(inputResponses));
  const can = capabilities(ctx, server);
  return inputRequired({
    inputRequests: {
      ...(can.elicitation === undefined ? {} : { form: oneText('What is your name?', 'name') }),
      ...(can.sampling === undefined ? {} : { model: sampling('Say hello') }),
      ...(can.roots === undefined ? {} : { folders: inputRequired.listRoots() }),
    },
  });
}

const name = asking(
  'user_name',
  () => oneText('What is your name?', 'name'),
  (answer) => said(`Hello, ${answer.kind === 'elicit' ? answer.content?.name : 'nobody'}!`),
);

export const ASKING_TOOLS: Readonly<Record<string, Tool>> = {
  test_sampling: asking(
    'sampling',
    ({ prompt }) => sampling(String(prompt)),
    (answer) => said(`LLM response: ${samplingText(answer)}`),
  ),
  test_elicitation: asking(
    'form',
    ({ message }) =>
      form(
        String(message),
        {
          username: { type: 'string', description: "User's response" },
          email: { type: 'string', description: "User's email address" },
        },
        ['username', 'email'],
      ),
    (answer) => said(`User response: ${shown(answer)}`),
  ),
  test_elicitation_sep1034_defaults: asking(
    'form',
    () => form('Please check these', DEFAULTS),
    completed,
  ),
  test_elicitation_sep1330_enums: asking('form', () => form('Please choose', ENUMS), completed),
  test_input_required_result_elicitation: name,
  test_input_required_result_sampling: asking(
    'capital_question',
    () => sampling('What is the capital of France?'),
    (answer) => said(samplingText(answer)),
  ),
  test_input_required_result_list_roots: asking(
    'client_roots',
    () => inputRequired.listRoots(),
    (answer) => said(shown(answer.kind === 'roots' ? answer.roots : null)),
  ),
  test_input_required_result_request_state: withState,
  test_input_required_result_tampered_state: withState,
  test_input_required_result_multiple_inputs: several,
  test_input_required_result_multi_round: rounds,
  test_input_required_result_capabilities: whatTheClientCan,
  test_missing_capability(_args, ctx, server) {
    if (capabilities(ctx, server).sampling !== undefined) return said('it has it');
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
  },
  async test_streaming_elicitation(args, ctx, server) {
    await ctx.mcpReq.log('info', 'about to ask');
    return name(args, ctx, server);
  },
};
