/** `notices`: the channels with what waits for them and what went wrong, and the rules. */

import { suggestion } from '../core/graph-nearest.ts';
import { AppError } from '../model/error.ts';
import type { ChannelCounts } from '../model/notice-store.ts';
import { toRfc3339 } from '../model/time.ts';
import {
  type ChannelView,
  noticesInput,
  noticesOutput,
  noticeTestInput,
  noticeTestOutput,
} from './notice-schemas.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';

/** Processes of this role deliver. */
const DELIVERING_ROLE = 'serve';

export function createNotices(
  parts: OpsParts,
): Operation<typeof noticesInput, typeof noticesOutput> {
  return {
    name: 'notices',
    summary: 'List who is told of what, what waits to be delivered and what went wrong',
    input: noticesInput,
    output: noticesOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    quiet: true,
    async handle() {
      return {
        channels: channelViews(parts),
        rules: parts.notices.rules().map(({ on, where, channel }) => ({
          on: [...on],
          where: {
            template: [...where.template],
            agent: [...where.agent],
            name: [...where.name],
            status: [...where.status],
          },
          channel,
        })),
        delivering: hasDelivery(parts),
      };
    },
  };
}

/** Every channel that is set, and those that messages still wait for. */
export function channelViews({ store, notices }: Pick<OpsParts, 'store' | 'notices'>) {
  const counts = new Map(store.noticeCounts().map((row) => [row.channel, row]));
  const types = new Map(notices.channels().map(({ name, type }) => [name, type]));
  const gone = [...counts.values()].filter(
    ({ channel, waiting }) => !types.has(channel) && waiting > 0,
  );
  return [...types.keys(), ...gone.map(({ channel }) => channel)].map((name) =>
    channelView(name, types.get(name) ?? null, counts.get(name)),
  );
}

/** Messages of it fail, were given up lately, or have nowhere to go. */
export const isTroubled = ({ type, waiting, gave_up, last_error }: ChannelView): boolean =>
  gave_up > 0 || (waiting > 0 && (type === null || last_error !== null));

function channelView(
  name: string,
  type: ChannelView['type'],
  counts: ChannelCounts | undefined,
): ChannelView {
  const time = (at: number | null | undefined): string | null =>
    at === null || at === undefined ? null : toRfc3339(at);
  return {
    name,
    type,
    waiting: counts?.waiting ?? 0,
    delivered: counts?.delivered ?? 0,
    gave_up: counts?.gaveUp ?? 0,
    oldest_waiting_at: time(counts?.oldestAt),
    next_at: time(counts?.nextAt),
    last_error: counts?.lastError ?? null,
  };
}

const hasDelivery = ({ store, processes, clock }: OpsParts): boolean =>
  store
    .nodes()
    .some(
      (node) =>
        node.role === DELIVERING_ROLE &&
        node.leaseUntil > clock.now() &&
        processes.isAlive(node) !== false,
    );

export function createNotifyTest(
  parts: OpsParts,
): Operation<typeof noticeTestInput, typeof noticeTestOutput> {
  return {
    name: 'notify_test',
    summary: 'Send a test message to a channel, now and from here',
    input: noticeTestInput,
    output: noticeTestOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(_ctx, { channel }) {
      const tested = await parts.notices.test(channel);
      if (tested === null) {
        const names = parts.notices.channels().map(({ name }) => name);
        throw new AppError('NOT_FOUND', `there is no channel "${channel}"`, {
          hint:
            names.length === 0
              ? 'set one in settings.json under notify.channels'
              : (suggestion(channel, names) ?? `there is: ${names.join(', ')}`),
        });
      }
      const { error, durationMs } = tested;
      return { channel, ok: error === null, error, duration_ms: durationMs };
    },
  };
}
