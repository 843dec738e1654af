/** The right ends of the examples, from alert-pipeline to escalation-ladder. */
import type { Example } from './example.ts';
import { file, holds, oldFile } from './fixtures.ts';

const BRANCHES = 'route-severity.critical.critical-notify';
const DAILY = { title: 'Disk', message: '91 percent' };

export const FIRST: readonly Example[] = [
  {
    name: 'alert-pipeline',
    situations: [
      {
        as: 'critical',
        params: ({ url }) => ({
          ...DAILY,
          severity: 'critical',
          slack_dm_url: url('dm'),
          email_api_url: url('mail'),
        }),
        ends: 'completed',
        steps: { [`${BRANCHES}.branch_2.emit-critical`]: 'completed' },
        calls: ['POST dm', 'POST mail'],
        sent: { dm: { text: '[CRITICAL] Disk: 91 percent' }, mail: { priority: 'high' } },
      },
      {
        as: 'warning',
        params: ({ url }) => ({ ...DAILY, severity: 'warning', slack_channel_url: url('channel') }),
        ends: 'completed',
        calls: ['POST channel'],
        without: [BRANCHES],
      },
      {
        as: 'info, quotes',
        params: () => ({ severity: 'info', title: 'say "hi"', message: 'two\nlines' }),
        ends: 'completed',
        steps: { 'route-severity.info.log-info': 'completed' },
      },
    ],
  },
  {
    name: 'approval-chain',
    situations: [
      {
        params: () => ({ request_id: 'r-1', request_summary: 'a new desk' }),
        answers: { reviewer1: 'approve', reviewer2: 'approve' },
        ends: 'completed',
        steps: { 'log-completed': 'completed' },
      },
    ],
  },
  {
    name: 'auto-responder',
    situations: [
      {
        as: 'known question',
        params: ({ url }) => ({
          message: 'your opening hours?',
          faq_keywords: ['price', 'hours'],
          respond_api_url: url('respond'),
          sender_id: 's-1',
          template_response: 'nine to five',
        }),
        ends: 'completed',
        calls: ['POST respond'],
        sent: { respond: { response: 'nine to five', type: 'faq' } },
      },
      {
        as: 'other question',
        params: ({ url }) => ({
          message: 'may I bring a dog?',
          faq_keywords: ['price', 'hours'],
          respond_api_url: url('respond'),
          sender_id: 's-1',
        }),
        answers: { 'check-faq.default.draft-response': 'Yes, on a lead.' },
        ends: 'completed',
        steps: { 'check-faq.default.draft-response': 'completed' },
      },
    ],
  },
  {
    name: 'backup-verification',
    situations: [
      {
        as: 'fresh',
        prepare: (at) => void file(at, 'new.sql', 'x'),
        params: ({ folder }) => ({ backup_dir: folder, max_age_hours: 24 }),
        ends: 'completed',
        steps: { 'verify-exists.true.check-freshness.true.log-ok': 'completed' },
      },
      {
        as: 'stale',
        prepare: (at) => void oldFile(at, 'old.sql', 'x', 50),
        params: ({ folder }) => ({ backup_dir: folder, max_age_hours: 24 }),
        answers: { 'verify-exists.true.check-freshness.default.stale-decision': 'run-backup' },
        ends: 'completed',
      },
      {
        as: 'none',
        params: ({ folder }) => ({ backup_dir: folder, max_age_hours: 24 }),
        ends: 'completed',
        steps: { 'verify-exists.default.log-missing': 'completed' },
      },
    ],
  },
  {
    name: 'batch-file-processor',
    situations: [
      {
        prepare(at) {
          file(at, 'in/a.txt', 'a');
          file(at, 'in/b.txt', 'b');
        },
        params: ({ folder }) => ({ input_dir: `${folder}/in`, output_dir: `${folder}/out` }),
        ends: 'completed',
        steps: { 'process-each.iter_1.hash-file': 'completed' },
      },
    ],
  },
  {
    name: 'content-pipeline',
    situations: [
      {
        params: ({ url }) => ({
          content: 'a text',
          author: 'the desk',
          publish_api_url: url('publish'),
          slack_webhook_url: url('slack'),
          email_api_url: url('mail'),
        }),
        answers: { 'review-content': 'publish' },
        ends: 'completed',
        steps: { 'log-review-complete': 'completed' },
      },
    ],
  },
  {
    name: 'content-summarizer',
    situations: [
      {
        params: ({ url, folder }) => ({
          url: url('page', { type: 'text/html', body: '<p>words</p>' }),
          output_path: `${folder}/summary.txt`,
        }),
        answers: { 'review-quality': 'approve' },
        ends: 'completed',
        calls: ['GET page'],
        after: (at) => holds(at, 'summary.txt', 'Summary approved for URL'),
      },
    ],
  },
  {
    name: 'csv-to-api',
    situations: [
      {
        prepare: (at) => void file(at, 'rows.csv', 'name,n\none,1\ntwo,2\n'),
        params: ({ url, folder }) => ({ csv_path: `${folder}/rows.csv`, api_url: url('rows') }),
        ends: 'completed',
        calls: ['POST rows'],
        sent: { rows: { row_count: 2 } },
      },
    ],
  },
  {
    name: 'data-anonymizer',
    situations: [
      {
        prepare: (at) => void file(at, 'in.json', '[{"mail":"x"}]'),
        params: ({ folder }) => ({
          input_path: `${folder}/in.json`,
          output_path: `${folder}/out.json`,
          pii_fields: ['mail', 'phone'],
        }),
        ends: 'completed',
        steps: { 'hash-fields.iter_1.hash-field': 'completed' },
        after: (at) => holds(at, 'out.json', '[{"mail":"x"}]'),
      },
    ],
  },
  {
    name: 'dependency-audit',
    situations: [
      {
        params: ({ url }) => ({ notification_url: url('notify') }),
        answers: { triage: 'defer' },
        ends: 'completed',
        without: ['check-vulns.false.log-clean'],
        calls: ['POST notify'],
        sent: { notify: { triage_complete: true } },
      },
    ],
  },
  {
    name: 'deploy-gate',
    situations: [
      {
        params: ({ url }) => ({ deploy_webhook_url: url('deploy'), deploy_environment: 'staging' }),
        answers: { 'approve-deploy': 'approve' },
        ends: 'completed',
        without: ['check-tests.false.log-failed'],
        calls: ['POST deploy'],
        sent: { deploy: { environment: 'staging', tests_passed: true } },
      },
    ],
  },
  {
    name: 'digest-builder',
    situations: [
      {
        params: ({ url, closed }) => ({
          sources: [url('one'), closed, url('gone', { status: 404, body: 'gone' })],
          send_api_url: url('send'),
          recipient: 'all',
        }),
        ends: 'completed',
        steps: { 'fetch-sources.iter_1.fetch-url': 'completed' },
        calls: ['GET one', 'GET gone', 'POST send'],
        sent: { send: { to: 'all' } },
      },
    ],
  },
  {
    name: 'error-aggregator',
    situations: [
      {
        as: 'investigated',
        params: ({ url }) => ({ error_logs_url: url('logs'), ticket_api_url: url('tickets') }),
        answers: { 'check-new-errors.true.triage-decision': 'investigate' },
        ends: 'completed',
        calls: ['GET logs', 'POST tickets'],
      },
      {
        as: 'deferred',
        params: ({ url }) => ({ error_logs_url: url('logs'), ticket_api_url: url('tickets') }),
        answers: { 'check-new-errors.true.triage-decision': 'defer' },
        ends: 'completed',
        without: ['check-new-errors.true.create-ticket'],
        calls: ['GET logs'],
      },
      {
        as: 'no logs',
        params: ({ url }) => ({
          error_logs_url: url('logs', { status: 404, body: 'none' }),
          ticket_api_url: url('tickets'),
        }),
        ends: 'completed',
        steps: { 'check-new-errors.default.log-no-errors': 'completed' },
        calls: ['GET logs'],
      },
    ],
  },
  {
    name: 'escalation-ladder',
    situations: [
      {
        as: 'healthy',
        params: ({ url }) => ({ health_url: url('health'), escalation_webhook_url: url('hook') }),
        ends: 'completed',
        steps: { 'check-health.false.log-healthy': 'completed' },
        calls: ['GET health'],
      },
      {
        as: 'down',
        params: ({ url }) => ({
          health_url: url('health', { status: 404, body: 'down' }),
          escalation_webhook_url: url('hook'),
        }),
        answers: { 'check-health.true.agent-triage': 'escalate' },
        ends: 'completed',
        steps: {
          'check-health.true.wait-before-decision': 'completed',
          'check-health.true.log-triage': 'completed',
        },
        calls: ['GET health'],
      },
    ],
  },
];
