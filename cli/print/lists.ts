/**
 * The lists of `opcode query`, one table each.
 */

import type { Ops } from '../../src/ops/catalog.ts';
import { RESOURCES } from '../../src/ops/query-schemas.ts';
import type { OutputStream } from '../terminal.ts';
import { agentLines, auditLines } from './access-lists.ts';
import { eventLineOf, todayOf } from './event-line.ts';
import { shortId } from './run-id.ts';
import { localTime, runTable } from './run-table.ts';
import { scheduleLines } from './schedule-lists.ts';
import { table } from './table.ts';
import { inlineJson, oneLine } from './text.ts';

type Lists = Awaited<ReturnType<Ops['query']>>;
type Printer = (lists: Lists, stream: OutputStream) => string[];

const rowsOf = (
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  stream: OutputStream,
): string[] => table(headings, rows, { style: stream.style, width: stream.columns() });

const PRINTERS: Readonly<Record<(typeof RESOURCES)[number], Printer>> = {
  workflows: ({ workflows = [] }, stream) => runTable(workflows, stream),
  events: ({ events = [] }, stream) =>
    events.map((event) =>
      eventLineOf(
        event,
        { style: stream.style, width: stream.columns() },
        { run: true, nowMs: todayOf(stream) },
      ),
    ),
  templates: ({ templates = [] }, stream) =>
    rowsOf(
      ['template', 'version', 'registered', 'by', 'description'],
      templates.map((each) => [
        oneLine(each.name),
        `v${each.version}${each.archived ? ' archived' : ''}`,
        localTime(each.created_at),
        oneLine(each.agent_id ?? ''),
        oneLine(each.description ?? ''),
      ]),
      stream,
    ),
  decisions: ({ decisions = [] }, stream) =>
    rowsOf(
      ['run', 'step', 'status', 'asked', 'options', 'prompt'],
      decisions.map((each) => [
        shortId(each.workflow_id),
        oneLine(each.step_id),
        each.status,
        localTime(each.created_at),
        each.options.map((option) => oneLine(option.id)).join('|'),
        inlineJson(each.prompt),
      ]),
      stream,
    ),
  actions: ({ actions = [] }, stream) =>
    rowsOf(
      ['action', 'effect', 'params', 'description'],
      actions.map((each) => [
        each.name,
        each.effect,
        Object.keys(each.params).join(', '),
        oneLine(each.description),
      ]),
      stream,
    ),
  secrets: ({ secrets = [] }, stream) =>
    rowsOf(
      ['secret', 'from'],
      secrets.map((each) => [oneLine(each.name), each.source]),
      stream,
    ),
  reference: ({ reference = [] }) =>
    reference.flatMap(({ name, title, sections, text }) =>
      text === undefined
        ? [`${name}  ${title}`, ...(sections ?? []).map((each) => `  ${each}`)]
        : [text, ''],
    ),
  agents: agentLines,
  audit: auditLines,
  schedules: ({ schedules = [] }, stream) => scheduleLines(schedules, stream),
};

/** Lines of whichever list is there; [] when it is empty. */
export function listLines(lists: Lists, stream: OutputStream): string[] {
  const resource = RESOURCES.find((each) => lists[each] !== undefined);
  return resource === undefined ? [] : PRINTERS[resource](lists, stream);
}
