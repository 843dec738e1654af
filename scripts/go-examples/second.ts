/** The right ends of the examples, from etl-with-validation to onboarding-checklist. */
import { join } from 'node:path';
import type { Example, Place } from './example.ts';
import { file, git, holds, repository } from './fixtures.ts';

/** A repository with a branch that may go, one that is protected and one that is not merged. */
function branchesToClean(at: Place): void {
  repository(at, 'repo', ['begin']);
  for (const branch of ['old', 'develop', 'wip']) git(at, '-C', 'repo', 'branch', branch);
  git(at, '-C', 'repo', 'checkout', '--quiet', 'wip');
  git(at, '-C', 'repo', 'commit', '--quiet', '--allow-empty', '-m', 'unfinished');
  git(at, '-C', 'repo', 'checkout', '--quiet', 'main');
}

function branchesLeft(at: Place): readonly string[] {
  const left = git(at, '-C', 'repo', 'branch', '--format=%(refname:short)').trim().split('\n');
  return left.join() === 'develop,main,wip' ? [] : [`branches left: ${left.join()}`];
}

const repoParams = ({ folder }: Place) => ({
  repo_dir: join(folder, 'repo'),
  changelog_path: join(folder, 'CHANGES'),
});
const CHANGED = 'Changelog updated from recent commits';

export const SECOND: readonly Example[] = [
  {
    name: 'etl-with-validation',
    situations: [
      {
        as: 'valid',
        params: ({ url }) => ({ source_url: url('source'), destination_url: url('load') }),
        ends: 'completed',
        calls: ['GET source', 'POST load'],
        sent: { load: { status: 'extracted' } },
      },
      {
        as: 'refused',
        params: ({ url }) => ({
          source_url: url('source', { status: 403, body: 'no' }),
          destination_url: url('load'),
        }),
        ends: 'completed',
        steps: { 'check-status.default.log-failure': 'completed' },
        calls: ['GET source'],
      },
    ],
  },
  {
    name: 'form-processor',
    situations: ['support', 'sales'].map((type) => ({
      as: type,
      params: ({ url }: Place) => ({
        form_data: { type, name: 'A. "B"', email: 'a@localhost', message: 'it\nbroke' },
        ticket_api_url: url('ticket'),
        crm_api_url: url('crm'),
        inbox_api_url: url('inbox'),
      }),
      ends: 'completed' as const,
      calls: [type === 'support' ? 'POST ticket' : 'POST inbox'],
      sent: { [type === 'support' ? 'ticket' : 'inbox']: { name: 'A. "B"', message: 'it\nbroke' } },
    })),
  },
  {
    name: 'free-form-decision',
    situations: [
      {
        params: ({ url }) => ({ data_url: url('data'), alert_url: url('alert') }),
        answers: { assess: 'it looks fine, but "slow"' },
        ends: 'completed',
        steps: { 'log-result': 'completed' },
        calls: ['GET data'],
      },
    ],
  },
  {
    name: 'git-branch-cleanup',
    situations: [
      {
        prepare: branchesToClean,
        params: ({ folder }) => ({ repo_dir: join(folder, 'repo') }),
        ends: 'completed',
        after: branchesLeft,
      },
    ],
  },
  {
    name: 'git-changelog',
    situations: [
      {
        as: 'breaking',
        prepare: (at) =>
          void repository(at, 'repo', ['feat: one', 'feat!: two "quoted"', 'fix: 3']),
        params: repoParams,
        answers: { 'check-breaking.true.release-decision': 'major' },
        ends: 'completed',
        after: (at) => holds(at, 'CHANGES', CHANGED),
      },
      {
        as: 'plain',
        prepare: (at) => void repository(at, 'repo', ['feat: one', 'fix: two']),
        params: repoParams,
        ends: 'completed',
        steps: { 'check-breaking.default.log-no-breaking': 'completed' },
        after: (at) => holds(at, 'CHANGES', CHANGED),
      },
    ],
  },
  {
    name: 'health-check-sweep',
    situations: [
      {
        params: ({ url, closed }) => ({
          endpoint_a: url('a'),
          endpoint_b: url('b', { status: 404, body: 'gone' }),
          endpoint_c: closed,
        }),
        ends: 'completed',
        steps: { 'validate-services.iter_2.hash-check': 'completed', 'log-results': 'completed' },
        calls: ['GET a', 'GET b'],
      },
    ],
  },
  {
    name: 'image-processing',
    situations: [
      {
        prepare: (at) => void file(at, 'in.png', 'pixels'),
        params: ({ url, folder }) => ({
          source_path: join(folder, 'in.png'),
          output_path: join(folder, 'out.png'),
          cdn_upload_url: url('cdn'),
        }),
        ends: 'completed',
        calls: ['POST cdn'],
        sent: { cdn: { original_size: 6 } },
        after: (at) => holds(at, 'out.png', 'pixels'),
      },
    ],
  },
  {
    name: 'invoice-generator',
    situations: [
      {
        params: ({ url, folder }) => ({
          order_api_url: url('order'),
          order_id: 'o-1',
          output_path: join(folder, 'invoice.txt'),
          email_api_url: url('mail'),
          recipient_email: 'a@localhost',
        }),
        ends: 'completed',
        calls: ['GET order', 'POST mail'],
        sent: { mail: { order_id: 'o-1', status_code: 200 } },
      },
    ],
  },
  {
    name: 'iterative-refinement',
    situations: [
      {
        params: () => ({ draft_content: 'a draft' }),
        answers: { review: 'shorter, please' },
        ends: 'completed',
        steps: { 'log-review-complete': 'completed' },
      },
    ],
  },
  {
    name: 'knowledge-base-updater',
    situations: [
      {
        params: ({ url, folder }) => ({
          source_url: url('source'),
          last_hash: 'none',
          kb_path: join(folder, 'kb.md'),
        }),
        answers: { 'check-changed.true.review-relevance': 'relevant' },
        ends: 'completed',
        calls: ['GET source'],
        after: (at) => holds(at, 'kb.md', 'Updated from source'),
      },
    ],
  },
  {
    name: 'lead-enrichment',
    situations: [
      {
        params: ({ url }) => ({
          company_lookup_url: url('company'),
          social_lookup_url: url('social', { status: 404, body: 'nobody' }),
          crm_url: url('crm'),
          lead_email: 'a+b@localhost',
        }),
        ends: 'completed',
        calls: ['GET company', 'GET social', 'POST crm'],
        sent: { crm: { company_status: 200, social_status: 404 } },
      },
    ],
  },
  {
    name: 'log-anomaly-triage',
    situations: [
      {
        prepare: (at) => void file(at, 'app.log', 'fine\nERROR "x" failed\n'),
        params: ({ url, folder }) => ({
          log_path: join(folder, 'app.log'),
          notification_url: url('notify'),
        }),
        answers: { triage: 'escalate' },
        ends: 'completed',
        calls: ['POST notify'],
      },
    ],
  },
  {
    name: 'meeting-prep-brief',
    situations: [
      {
        params: ({ url, folder }) => ({
          calendar_url: url('calendar'),
          documents_url: url('documents'),
          notes_url: url('notes'),
          output_path: join(folder, 'brief.md'),
        }),
        ends: 'completed',
        calls: ['GET calendar', 'GET documents', 'GET notes'],
        after: (at) => holds(at, 'brief.md', 'Meeting prep briefing compiled successfully'),
      },
    ],
  },
  {
    name: 'multi-agent-review',
    situations: ['approve', 'reject'].map((choice) => ({
      as: choice,
      prepare: ({ url }: Place) => void url('publish'),
      params: ({ url }: Place) => ({
        data_url: url('data', { body: { items: [{ score: 3 }, { score: 8 }] } }),
        threshold: 5,
      }),
      answers: { 'review-gate': choice },
      ends: 'completed' as const,
      steps: { publish: choice === 'approve' ? 'completed' : 'skipped', 'log-result': 'completed' },
      calls: ['GET data', ...(choice === 'approve' ? ['POST publish'] : [])],
    })),
  },
  {
    name: 'multi-source-research',
    situations: [
      {
        params: ({ url }) => ({
          source_a_url: url('a'),
          source_b_url: url('b', { body: 'plain words' }),
          source_c_url: url('c', { status: 404, body: '' }),
        }),
        answers: { 'pick-best': 'source_b' },
        ends: 'completed',
        calls: ['GET a', 'GET b', 'GET c'],
      },
    ],
  },
  {
    name: 'notification-router',
    situations: [
      {
        as: 'critical',
        params: ({ url }) => ({
          severity: 'critical',
          title: 'Disk',
          message: 'full',
          slack_webhook_url: url('slack'),
          email_api_url: url('mail'),
        }),
        answers: {
          'route-severity.critical.critical-alerts.branch_2.acknowledge': 'acknowledged',
        },
        ends: 'completed',
        steps: { 'route-severity.critical.emit-critical-sent': 'completed' },
        calls: ['POST slack', 'POST mail'],
      },
      {
        as: 'info',
        params: () => ({ severity: 'info', title: 'Disk', message: 'empty' }),
        ends: 'completed',
        steps: { 'route-severity.info.emit-info-logged': 'completed' },
      },
    ],
  },
  {
    name: 'onboarding-checklist',
    situations: [
      {
        params: () => ({ checklist_items: ['vpn-access', 'a cup of tea'] }),
        answers: { 'review-results': 'approve' },
        ends: 'completed',
        steps: { 'verify-items.iter_1.verify': 'completed' },
      },
    ],
  },
];
