/**
 * Paths that are no operations, as the description of the API has them: the stream of events, health,
 * metrics, the description itself.
 */

const text = (description: string) => ({
  description,
  content: { 'text/plain': { schema: { type: 'string' } } },
});
const status = (description: string) => ({
  description,
  content: {
    'application/json': {
      schema: { type: 'object', properties: { status: { type: 'string' } }, required: ['status'] },
    },
  },
});
const accepted = {
  description: 'Taken; the run goes on by itself',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { workflow_id: { type: 'string' }, created: { type: 'boolean' } },
      },
    },
  },
};
const failure = { $ref: '#/components/responses/Error' };
const open: readonly object[] = [{}];

const query = (name: string, description: string, schema: object) => ({
  name,
  in: 'query',
  required: false,
  description,
  schema,
});

/** Methods by path. */
export const OTHER_PATHS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  '/api/v1/events': {
    get: {
      operationId: 'events.stream',
      summary: 'Events as they are committed, of every run or of one; or a page of them as JSON',
      description:
        'A stream that stays open, in commit order; the id of each item is its `cursor`. A place that ' +
        'is none of this database (it was restored, or the place is ahead of the newest event) is ' +
        'answered by an event `reset` with `{as_of}`, behind which the stream goes on. With `accept: ' +
        'application/json` it is the operation `events` instead: a page of a run.',
      tags: ['runs'],
      'x-access': 'read',
      parameters: [
        query('workflow_id', 'Only of this run, from its beginning', { type: 'string' }),
        query('after', 'Begin after this cursor, or event id', { type: 'string' }),
        query('after_id', 'Begin after this event id', { type: 'integer', minimum: 0 }),
        query('types', 'Only of these types, separated by commas', { type: 'string' }),
        query('limit', 'For a page: at most so many', { type: 'integer', minimum: 1 }),
        {
          name: 'last-event-id',
          in: 'header',
          required: false,
          description: 'Begin after this cursor, or event id; sent by clients that reconnect',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: {
          description: 'An event for each item; a comment every 15 s',
          content: {
            'text/event-stream': {
              schema: { type: 'string' },
              'x-item': { $ref: '#/components/schemas/FollowEventsItem' },
            },
            'application/json': { schema: { $ref: '#/components/schemas/EventsOutput' } },
          },
        },
        default: failure,
      },
    },
  },
  '/api/v1/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This description',
      tags: ['server'],
      responses: {
        200: {
          description: 'OpenAPI 3.1',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
        default: failure,
      },
    },
  },
  '/hooks/{name}': {
    post: {
      operationId: 'hook',
      summary: 'A signed delivery to a webhook: starts its template and does not wait for the run',
      description:
        'Signed with the secret of the webhook in its form (X-Opcode-Signature or ' +
        'X-Hub-Signature-256). A JSON object is the input itself; anything else ' +
        'is `{body, headers}`. The same delivery starts one run.',
      tags: ['schedules'],
      security: open,
      parameters: [
        {
          name: 'name',
          in: 'path',
          required: true,
          description: 'Name of the webhook',
          schema: { type: 'string' },
        },
      ],
      requestBody: { required: true, content: { '*/*': { schema: {} } } },
      responses: { 202: accepted, default: failure },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'Figures for Prometheus',
      tags: ['server'],
      'x-access': 'read',
      responses: { 200: text('Text format 0.0.4'), default: failure },
    },
  },
  '/healthz': {
    get: {
      operationId: 'healthz',
      summary: 'The server lives',
      tags: ['server'],
      security: open,
      responses: { 200: status('It does'), default: failure },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      summary: 'The server takes requests',
      tags: ['server'],
      security: open,
      responses: { 200: status('It does'), 503: status('Not yet, or no more'), default: failure },
    },
  },
};
