/** Agents, tokens and the record of who did what, as tables. */
import type { Ops } from '../../src/ops/catalog.ts';
import type { OutputStream } from '../terminal.ts';
import { shortId } from './run-id.ts';
import { localTime } from './run-table.ts';
import { table } from './table.ts';
import { oneLine } from './text.ts';

type Lists = Awaited<ReturnType<Ops['query']>>;
type Token = Awaited<ReturnType<Ops['token_list']>>['tokens'][number];

const look = (stream: OutputStream) => ({ style: stream.style, width: stream.columns() });

/** One line an agent. */
export function agentLines({ agents = [] }: Lists, stream: OutputStream): string[] {
  const rows = agents.map((each) => {
    const { pending, active, suspended, completed, failed, cancelled } = each.runs;
    return [
      oneLine(each.agent_id),
      localTime(each.last_seen_at),
      String(pending + active),
      String(suspended),
      String(completed),
      String(failed + cancelled),
      String(each.pending_decisions),
    ];
  });
  const headings = ['agent', 'last seen', 'open', 'waiting', 'completed', 'failed', 'to decide'];
  return table(headings, rows, look(stream));
}

/** One line an entry, newest first. */
export function auditLines({ audit = [] }: Lists, stream: OutputStream): string[] {
  const rows = audit.map((each) => [
    localTime(each.at),
    oneLine(each.actor),
    each.role,
    each.from,
    each.action,
    each.outcome,
    oneLine(targetText(each.target)),
    oneLine(each.detail ?? ''),
  ]);
  const headings = ['at', 'who', 'role', 'from', 'did', 'outcome', 'to', 'details'];
  return table(headings, rows, look(stream));
}

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
const targetText = (target: string | null): string =>
  target === null ? '' : RUN_ID.test(target) ? shortId(target) : target;

/** One line a token. */
export function tokenLines(tokens: readonly Token[], stream: OutputStream): string[] {
  const rows = tokens.map((each) => [
    each.id,
    oneLine(each.name ?? ''),
    `${each.prefix}…`,
    each.role,
    oneLine(each.agent ?? ''),
    each.status,
    localTime(each.created_at),
    each.expires_at === null ? 'never' : localTime(each.expires_at),
    each.last_used_at === null ? 'never' : localTime(each.last_used_at),
  ]);
  const headings = [
    'id',
    'name',
    'token',
    'role',
    'agent',
    'status',
    'created',
    'expires',
    'last used',
  ];
  return table(headings, rows, look(stream));
}
