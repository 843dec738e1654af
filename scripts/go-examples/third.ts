/** The right ends of the examples, from onboarding-drip to webhook-handler. */
import { join } from 'node:path';
import type { Example, JsonObject, Place } from './example.ts';
import { file, git, holds, repository } from './fixtures.ts';

/** A repository with two releases, and a checkout of the first. */
function releases(at: Place): void {
  repository(at, 'origin', ['first']);
  git(at, '-C', 'origin', 'tag', 'v1.0.0');
  git(at, 'clone', '--quiet', 'origin', 'installed');
  git(at, '-C', 'origin', 'commit', '--quiet', '--allow-empty', '-m', 'second');
  git(at, '-C', 'origin', 'tag', 'v1.1.0');
}

const versionParams = ({ folder, url }: Place, current: string) => ({
  repo_url: join(folder, 'origin'),
  current_version: current,
  install_dir: join(folder, 'installed'),
  notification_url: url('notify'),
});

const order = ({ url }: Place, available: boolean) => ({
  order: { id: 'o-1', product: 'chair', quantity: 2, price: 49.5 },
  stock_api_url: url('stock', { body: { available } }),
  payment_api_url: url('payment'),
  fulfillment_api_url: url('fulfillment'),
  notification_api_url: url('notify'),
});

/** The one change that the failed assertion asks for: a number is compared with a number. */
const comparesNumbers = (definition: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(definition).replace('"expected":"200"', '"expected":200'));

const rotation = ({ url }: Place) => ({ service_url: url('service'), service_name: 'mail' });

export const THIRD: readonly Example[] = [
  {
    name: 'onboarding-drip',
    situations: [
      {
        params: ({ url }) => ({
          user_email: 'a@localhost',
          user_name: 'A',
          email_api_url: url('mail'),
        }),
        answers: { 'engagement-decision': 'mark-complete' },
        ends: 'completed',
        calls: ['POST mail', 'POST mail'],
      },
    ],
  },
  {
    name: 'openclaw-version-checker',
    situations: [
      {
        as: 'behind',
        prepare: releases,
        params: (at) => versionParams(at, 'v1.0.0'),
        ends: 'completed',
        calls: ['POST notify'],
        sent: { notify: { previous_version: 'v1.0.0', new_version: 'v1.1.0' } },
        after(at) {
          const found = git(at, '-C', 'installed', 'describe', '--tags').trim();
          return found === 'v1.1.0' ? [] : [`${found} is installed`];
        },
      },
      {
        as: 'newest',
        prepare: releases,
        params: (at) => versionParams(at, 'v1.1.0'),
        ends: 'completed',
        steps: { 'route-update.default.log-up-to-date': 'completed' },
      },
    ],
  },
  {
    name: 'order-processing',
    situations: [
      {
        as: 'in stock',
        params: (at) => order(at, true),
        ends: 'completed',
        calls: ['GET stock', 'POST payment', 'POST fulfillment', 'POST notify'],
        sent: {
          payment: { order_id: 'o-1', quantity: 2, price: 49.5 },
          notify: { subject: 'Order Confirmed' },
        },
      },
      {
        as: 'out of stock',
        params: (at) => order(at, false),
        ends: 'completed',
        calls: ['GET stock', 'POST notify'],
        sent: { notify: { subject: 'Out of Stock' } },
      },
    ],
  },
  {
    name: 'price-monitor',
    situations: [
      {
        params: ({ url, closed }) => ({
          products: [
            { name: 'chair', url: url('chair'), threshold: 10.5 },
            { name: 'desk', url: closed, threshold: 20 },
          ],
          notification_api_url: url('notify'),
        }),
        ends: 'completed',
        steps: { 'check-prices.iter_1.notify': 'completed' },
        calls: ['GET chair', 'POST notify', 'POST notify'],
        sent: { notify: { product: 'chair', threshold: 10.5 } },
      },
    ],
  },
  {
    name: 'repo-health-check',
    situations: [
      {
        as: 'healthy',
        prepare: (at) => void repository(at, 'repo', ['begin']),
        params: ({ folder }) => ({ repo_dir: join(folder, 'repo') }),
        ends: 'completed',
        steps: { 'evaluate-results.true.log-healthy': 'completed' },
      },
      {
        as: 'broken',
        prepare(at) {
          repository(at, 'repo', ['begin']);
          file(at, 'repo/broken', '');
        },
        params: ({ folder }) => ({ repo_dir: join(folder, 'repo') }),
        answers: { 'evaluate-results.default.issue-decision': 'defer' },
        ends: 'completed',
      },
    ],
  },
  {
    name: 'report-generator',
    situations: [
      {
        params: ({ url, folder }) => ({
          sales_api_url: url('sales'),
          users_api_url: url('users'),
          metrics_api_url: url('metrics'),
          report_path: join(folder, 'report.txt'),
          email_api_url: url('mail'),
        }),
        ends: 'completed',
        calls: ['GET sales', 'GET users', 'GET metrics', 'POST mail'],
        after: (at) => holds(at, 'report.txt', 'Report generated successfully'),
      },
    ],
  },
  {
    name: 'secret-rotation',
    situations: [
      {
        as: 'as it is',
        params: rotation,
        ends: 'failed',
        says: 'write `expected: 200`',
        steps: { 'verify-update': 'failed' },
        without: ['log-rotation'],
        calls: ['POST service'],
      },
      {
        as: 'with that change',
        params: rotation,
        change: comparesNumbers,
        ends: 'completed',
        steps: { 'verify-update': 'completed', 'log-rotation': 'completed' },
        calls: ['POST service'],
      },
    ],
  },
  {
    name: 'social-cross-post',
    situations: [
      {
        params: ({ url, closed }) => ({
          content: 'It "works"\nnow',
          title: 'News',
          twitter_api_url: url('twitter'),
          linkedin_api_url: closed,
          blog_api_url: url('blog', { status: 404, body: 'gone' }),
        }),
        ends: 'completed',
        steps: { 'cross-post.branch_1.post-linkedin': 'completed', 'log-summary': 'completed' },
        calls: ['POST twitter', 'POST blog'],
        sent: { twitter: { status: 'It "works"\nnow' } },
      },
    ],
  },
  {
    name: 'standup-report',
    situations: [
      {
        params: ({ url, folder }) => ({
          tickets_url: url('tickets'),
          prs_url: url('prs'),
          logs_url: url('logs'),
          output_path: join(folder, 'standup.md'),
        }),
        ends: 'completed',
        calls: ['GET tickets', 'GET prs', 'GET logs'],
        after: (at) => holds(at, 'standup.md', 'Standup report generated successfully'),
      },
    ],
  },
  {
    name: 'sync-drift-detection',
    situations: [
      {
        as: 'drift',
        params: ({ url }) => ({
          source_a_url: url('a'),
          source_b_url: url('b', { body: 'plain' }),
          sync_url: url('sync'),
        }),
        answers: { 'check-drift.true.triage-drift': 'sync' },
        ends: 'completed',
        calls: ['GET a', 'GET b', 'POST sync'],
      },
      {
        as: 'investigated',
        params: ({ url }) => ({
          source_a_url: url('a'),
          source_b_url: url('b', { body: 'plain' }),
          sync_url: url('sync'),
        }),
        answers: { 'check-drift.true.triage-drift': 'investigate' },
        ends: 'completed',
        without: ['check-drift.true.sync-data'],
        calls: ['GET a', 'GET b'],
      },
      {
        as: 'none',
        params: ({ url }) => ({
          source_a_url: url('a'),
          source_b_url: url('b'),
          sync_url: url('sync'),
        }),
        ends: 'completed',
        steps: { 'check-drift.false.log-no-drift': 'completed' },
        calls: ['GET a', 'GET b'],
      },
    ],
  },
  {
    name: 'task-triage',
    situations: [
      {
        params: ({ url }) => ({
          tickets_url: url('tickets', { body: [{ id: 1 }, { id: 2 }] }),
          update_url: url('update'),
        }),
        answers: {
          'triage-loop.iter_0.prioritize': 'p1-high',
          'triage-loop.iter_1.prioritize': 'p3-low',
        },
        ends: 'completed',
        calls: ['GET tickets'],
      },
    ],
  },
  {
    name: 'two-way-sync',
    situations: [
      {
        as: 'same',
        params: ({ url }) => ({
          system_a_url: url('a'),
          system_b_url: url('b'),
          upsert_url: url('upsert'),
        }),
        ends: 'completed',
        steps: { 'log-result': 'completed' },
        calls: ['GET a', 'GET b'],
      },
      {
        as: 'different',
        params: ({ url }) => ({
          system_a_url: url('a'),
          system_b_url: url('b', { status: 404, body: 'none' }),
          upsert_url: url('upsert'),
        }),
        ends: 'completed',
        calls: ['GET a', 'GET b', 'POST upsert'],
        sent: { upsert: { status_a: 200, status_b: 404 } },
      },
    ],
  },
  {
    name: 'uptime-monitor',
    situations: [
      {
        params: ({ url, closed }) => ({
          endpoints: [
            { name: 'up', url: url('up') },
            { name: 'down', url: closed },
          ],
          alert_webhook_url: url('alert'),
        }),
        ends: 'completed',
        steps: { 'check-endpoints.iter_1.log-status': 'completed' },
        calls: ['GET up', 'POST alert'],
      },
    ],
  },
  {
    name: 'webhook-handler',
    situations: [
      {
        params: ({ url }) => ({
          payload: { event: 'order "7" paid', data: { n: 1 } },
          destination_url: url('destination'),
        }),
        ends: 'completed',
        calls: ['POST destination'],
        sent: { destination: { event: 'order "7" paid' } },
      },
    ],
  },
];
