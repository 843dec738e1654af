/**
 * The server that the conformance runner wants to meet, on our transports: it tries what the product
 * has no use for (sounds, sampling, forms of every kind), so that the transports are known to carry it.
 */
import { ResourceNotFoundError, Server, type ServerContext } from '@modelcontextprotocol/server';
import { startHttpServer } from '../../src/http/server.ts';
import { createMcpEndpoints } from '../../src/mcp/endpoints.ts';
import type { McpDeps } from '../../src/mcp/server.ts';
import type { Logger } from '../../src/model/ports.ts';
import { slowly } from '../support/patience.ts';
import { ASKING_TOOLS, type Tool } from './fixture-asking.ts';
import { image, PNG, resource, text, WAV } from './fixture-content.ts';

const said = (value: string) => ({ content: [text(value)] });
/** Long enough that messages of one call do not travel together. */
const pause = (): Promise<void> => slowly(50);

const TOOLS: Readonly<Record<string, Tool>> = {
  ...ASKING_TOOLS,
  test_simple_text: () => said('This is a simple text response for testing.'),
  test_image_content: () => ({ content: [image] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({
    content: [
      resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
    ],
  }),
  test_multiple_content_types: () => ({
    content: [
      text('Multiple content types test:'),
      image,
      resource(
        'test://mixed-content-resource',
        'application/json',
        JSON.stringify({ test: 'data', value: 123 }),
      ),
    ],
  }),
  async test_tool_with_logging(_args, { mcpReq }) {
    await mcpReq.log('info', 'Tool execution started');
    await pause();
    await mcpReq.log('info', 'Tool processing data');
    await pause();
    await mcpReq.log('info', 'Tool execution completed');
    return said('logged three times');
  },
  async test_logging_tool(_args, { mcpReq }) {
    await mcpReq.log('info', 'for those who asked for it');
    return said('logged');
  },
  test_error_handling: () => ({
    isError: true,
    ...said('This tool intentionally returns an error for testing'),
  }),
  async test_tool_with_progress(_args, { mcpReq }) {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await mcpReq.notify({ method: 'notifications/progress', params });
      }
      await pause();
    }
    return said('done');
  },
  json_schema_2020_12_tool: (args) => said(JSON.stringify(args)),
};

const requireOne = (name: string) => ({ required: [name] });

const INPUTS: Readonly<Record<string, object>> = {
  test_sampling: { type: 'object', properties: { prompt: { type: 'string' } } },
  test_elicitation: { type: 'object', properties: { message: { type: 'string' } } },
  json_schema_2020_12_tool: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    allOf: [{ anyOf: [requireOne('phone'), requireOne('email')] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    then: requireOne('phone'),
    else: requireOne('email'),
    additionalProperties: false,
  },
};

const PROMPTS: Readonly<Record<string, (args: Readonly<Record<string, string>>) => object[]>> = {
  test_simple_prompt: () => [text('This is a simple prompt for testing.')],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [
    text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  ],
  test_prompt_with_embedded_resource: ({ resourceUri = '' }) => [
    resource(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
    text('Please process the embedded resource above.'),
  ],
  test_prompt_with_image: () => [image, text('Please analyze the image above.')],
};

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

const listed = (name: string, uri: string, mimeType: string) => ({ name, uri, mimeType });
const RESOURCES = [
  listed('text', 'test://static-text', 'text/plain'),
  listed('binary', 'test://static-binary', 'image/png'),
  listed('watched', 'test://watched-resource', 'text/plain'),
];

function read(uri: string): object {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const value = { id, templateTest: true, data: `Data for ID: ${id}` };
    return { uri, mimeType: 'application/json', text: JSON.stringify(value) };
  }
  if (uri === 'test://static-binary') return { uri, mimeType: 'image/png', blob: PNG };
  const known = RESOURCES.find((each) => each.uri === uri);
  if (known === undefined) throw new ResourceNotFoundError(uri);
  return { ...known, text: 'This is the content of the static text resource.' };
}

const PROMPT_THAT_ASKS = 'test_input_required_result_prompt';

/** Asks what it is about before it is there. */
async function promptThatAsks(ctx: ServerContext, server: Server): Promise<object> {
  const given = ctx.mcpReq.inputResponses?.user_context;
  const asked = await ASKING_TOOLS.test_input_required_result_elicitation?.({}, ctx, server);
  if (given !== undefined) {
    return { messages: [{ role: 'user', content: text(JSON.stringify(given)) }] };
  }
  const { inputRequests = {}, ...rest } = asked as { inputRequests?: Record<string, unknown> };
  return { ...rest, inputRequests: { user_context: Object.values(inputRequests)[0] } };
}

/** A server with everything that the runner looks for. */
function createFixtureServer(): Server {
  const server = new Server(
    { name: 'fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: {},
        resources: { subscribe: true },
        prompts: {},
        logging: {},
        completions: {},
      },
    },
  );
  server.setRequestHandler('tools/list', async () => ({
    tools: Object.keys(TOOLS).map((name) => ({
      name,
      description: name,
      inputSchema: (INPUTS[name] ?? { type: 'object' }) as never,
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const tool = Object.hasOwn(TOOLS, params.name) ? TOOLS[params.name] : undefined;
    if (tool === undefined) return { isError: true, ...said('there is no such tool') };
    return (await tool(params.arguments ?? {}, ctx, server)) as never;
  });
  serveTexts(server);
  return server;
}

function serveTexts(server: Server): void {
  server.setRequestHandler('resources/list', async () => ({ resources: RESOURCES }));
  server.setRequestHandler('resources/templates/list', async () => ({
    resourceTemplates: [{ name: 'template', uriTemplate: 'test://template/{id}/data' }],
  }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => ({
    contents: [read(uri) as never],
  }));
  server.setRequestHandler('resources/subscribe', async () => ({}));
  server.setRequestHandler('resources/unsubscribe', async () => ({}));
  server.setRequestHandler('prompts/list', async () => ({
    prompts: [...Object.keys(PROMPTS), PROMPT_THAT_ASKS].map((name) => ({
      name,
      description: name,
      arguments: (ARGUMENTS[name] ?? []).map((each) => ({ name: each, required: true })),
    })),
  }));
  server.setRequestHandler('prompts/get', async ({ params }, ctx) => {
    if (params.name === PROMPT_THAT_ASKS) return (await promptThatAsks(ctx, server)) as never;
    const contents = PROMPTS[params.name]?.(params.arguments ?? {}) ?? [];
    return { messages: contents.map((content) => ({ role: 'user', content })) as never };
  });
  server.setRequestHandler('completion/complete', async () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
}

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface Fixture {
  readonly url: string;
  close(): Promise<void>;
}

/** The fixture behind the HTTP server and the endpoints that the product has. */
export function startFixture(): Fixture {
  const http = startHttpServer({
    hosts: ['127.0.0.1'],
    port: 0,
    baseUrl: null,
    maxBodyBytes: 4 * 1024 * 1024,
    peers: null,
    log: SILENT,
  });
  const deps: Pick<McpDeps, 'log' | 'version' | 'feed'> = {
    log: SILENT,
    version: '1.0.0',
    feed: { subscribe: () => () => undefined },
  };
  const endpoints = createMcpEndpoints({
    ...(deps as McpDeps),
    names: () => 'auto',
    createServer: createFixtureServer,
  });
  const { sse, message, mcp } = endpoints;
  http.open({
    '/sse': { streams: true, methods: { GET: sse } },
    '/message': { methods: { POST: message } },
    '/mcp': { streams: true, methods: { GET: mcp, POST: mcp, DELETE: mcp } },
  });
  return {
    url: http.urls[0] ?? '',
    async close() {
      await endpoints.close();
      await http.close();
    },
  };
}
