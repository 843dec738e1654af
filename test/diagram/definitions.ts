/** Definitions that the diagram tests share: the shapes that people draw. */
import type { Definition, StepDef } from '../../src/model/definition.ts';

export const step = (id: string, ...depends_on: string[]): StepDef => ({
  id,
  action: 'http.get',
  depends_on,
});

export const chain: Definition = {
  steps: [
    { id: 'build', run: 'npm run build' },
    { id: 'test', run: 'npm test', depends_on: ['build'], retry: { max: 2, backoff: 'linear' } },
    { id: 'publish', action: 'http.post', depends_on: ['test'] },
  ],
};

export const diamond: Definition = {
  steps: [
    { id: 'start', action: 'http.get' },
    { id: 'left', action: 'fs.read', depends_on: ['start'] },
    { id: 'right', action: 'shell.exec', depends_on: ['start'] },
    { id: 'join', action: 'expr.eval', depends_on: ['left', 'right'] },
  ],
};

export const fanOut: Definition = {
  steps: [
    step('source'),
    ...Array.from({ length: 7 }, (_, i) => step(`work_${i}`, 'source')),
    step('join', ...Array.from({ length: 7 }, (_, i) => `work_${i}`)),
  ],
};

/** Every feature that a picture shows, as one would write it. */
export const release: Definition = {
  metadata: { name: 'Release a service' },
  steps: [
    { id: 'build', run: 'make dist', description: 'Builds the image' },
    {
      id: 'scan',
      action: 'http.post',
      depends_on: ['build'],
      retry: { max: 3 },
      on_error: { strategy: 'fallback_step', fallback_step: 'local_scan' },
    },
    { id: 'local_scan', run: 'trivy fs .' },
    { id: 'unit', run: 'npm test', depends_on: ['build'] },
    {
      id: 'approve',
      type: 'reasoning',
      depends_on: ['scan', 'unit'],
      config: {
        prompt_context: 'Ship it?',
        options: [{ id: 'ship' }, { id: 'hold', outcome: 'stop' }],
        by: 'person',
        timeout: '24h',
        fallback: 'hold',
      },
    },
    {
      id: 'route',
      type: 'condition',
      depends_on: ['approve'],
      config: {
        expression: 'inputs.env',
        branches: {
          prod: [
            { id: 'canary', action: 'http.post' },
            { id: 'settle', type: 'wait', config: { duration: '10m' } },
            { id: 'full', action: 'http.post' },
          ],
          staging: [{ id: 'deploy', action: 'http.post' }],
        },
        default: [],
      },
    },
    {
      id: 'notify',
      type: 'loop',
      depends_on: ['route'],
      config: {
        over: '${{ inputs.people }}',
        max_concurrency: 4,
        body: [
          { id: 'mail', action: 'http.post', condition: 'iter.item.mail != null' },
          { id: 'log', action: 'workflow.log' },
        ],
      },
    },
    { id: 'report', action: 'workflow.emit', depends_on: ['notify', 'build'] },
  ],
  on_complete: { id: 'done', action: 'workflow.log' },
  on_error: { id: 'alert', action: 'http.post' },
};

export const nested: Definition = {
  steps: [
    {
      id: 'all',
      type: 'parallel',
      config: {
        mode: 'race',
        branches: [
          [
            step('fetch'),
            {
              id: 'poll',
              type: 'loop',
              config: {
                mode: 'while',
                condition: 'iter.index < 3',
                max_iter: 5,
                body: [
                  {
                    id: 'check',
                    type: 'condition',
                    config: {
                      expression: 'x > 1',
                      branches: { true: [step('yes')], false: [step('no')] },
                    },
                  },
                ],
              },
            },
          ],
          [{ id: 'other', action: 'fs.read' }],
        ],
      },
    },
  ],
};
