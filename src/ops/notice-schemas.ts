/** Input and output schemas of the operations about who is told. */
import * as v from 'valibot';
import { NOTICE_KINDS } from '../model/notice.ts';

const text = v.string();
const time = v.nullable(text);
const patterns = v.array(text);

export const noticesInput = v.strictObject({});

const channelView = v.object({
  name: text,
  /** Null: messages wait for a channel that is no longer set. */
  type: v.nullable(v.picklist(['webhook', 'command'])),
  waiting: v.number(),
  /** Delivered and given up in the last days. */
  delivered: v.number(),
  gave_up: v.number(),
  oldest_waiting_at: time,
  next_at: time,
  last_error: v.nullable(text),
});
export type ChannelView = v.InferOutput<typeof channelView>;

export const noticesOutput = v.object({
  channels: v.array(channelView),
  rules: v.array(
    v.object({
      on: v.array(v.picklist(NOTICE_KINDS)),
      where: v.object({ template: patterns, agent: patterns, name: patterns, status: patterns }),
      channel: text,
    }),
  ),
  /** False: nobody delivers, everything waits for a daemon. */
  delivering: v.boolean(),
});
export type NoticesOutput = v.InferOutput<typeof noticesOutput>;

export const noticeTestInput = v.strictObject({
  channel: v.pipe(text, v.minLength(1, 'must be the name of a channel')),
});

export const noticeTestOutput = v.object({
  channel: text,
  ok: v.boolean(),
  error: v.nullable(text),
  duration_ms: v.number(),
});
export type NoticeTestOutput = v.InferOutput<typeof noticeTestOutput>;
