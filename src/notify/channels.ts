/** The channels as they are set now, ready to send: bodies compiled, one way to send to each. */
import { AppError } from '../model/error.ts';
import type { JsonObject } from '../model/json.ts';
import type { NoticeChannel, NoticeChannels, NoticeKind, NoticeRule } from '../model/notice.ts';
import type { SettingProblem } from '../model/notice-settings.ts';
import { type Body, compileBody, type Expressions } from './body.ts';
import { type RunNoticeCommand, sendToCommand } from './command.ts';
import { sendWebhook, type WebhookPorts } from './webhook.ts';

export interface ChannelSettings {
  readonly rules: readonly NoticeRule[];
  readonly channels: NoticeChannels;
}

export interface ChannelPorts extends WebhookPorts {
  readonly expressions: Expressions;
  readonly command: RunNoticeCommand;
}

export interface Channel {
  readonly name: string;
  readonly type: NoticeChannel['type'];
  readonly timeoutMs: number;
  /** Resolves when the message was taken. @throws AppError whose text holds no secret */
  send(key: string, payload: JsonObject, stop: AbortSignal): Promise<void>;
}

export interface ChannelSet {
  readonly rules: readonly NoticeRule[];
  readonly names: readonly string[];
  get(name: string): Channel | undefined;
}

/** The set, or what is wrong with the bodies; `path` begins after `notify.channels`. */
export function createChannels(
  ports: ChannelPorts,
  { rules, channels }: ChannelSettings,
): { readonly set: ChannelSet; readonly problems: readonly SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const made = new Map<string, Channel>();
  for (const [name, channel] of Object.entries(channels)) {
    const body = bodyOf(ports.expressions, name, channel, kindsOf(rules, name), problems);
    made.set(name, channelOf(ports, name, channel, body));
  }
  return {
    set: { rules, names: [...made.keys()], get: (name) => made.get(name) },
    problems,
  };
}

const kindsOf = (rules: readonly NoticeRule[], name: string): readonly NoticeKind[] => [
  ...new Set(rules.filter(({ channel }) => channel === name).flatMap(({ on }) => on)),
];

function bodyOf(
  expressions: Expressions,
  name: string,
  channel: NoticeChannel,
  kinds: readonly NoticeKind[],
  problems: SettingProblem[],
): Body | null {
  if (channel.type !== 'webhook') return null;
  const compiled = compileBody(expressions, channel.body, kinds);
  if (compiled.ok) return compiled.body;
  for (const { path, message } of compiled.problems) {
    problems.push({ path: `.${name}.body${path}`, message });
  }
  return null;
}

function channelOf(
  ports: ChannelPorts,
  name: string,
  channel: NoticeChannel,
  body: Body | null,
): Channel {
  const { type, timeoutMs } = channel;
  return {
    name,
    type,
    timeoutMs,
    async send(key, payload, stop) {
      const message = { event: key, channel: name, ...payload };
      if (channel.type === 'command') {
        return sendToCommand(ports.command, channel, { key, message, signal: stop });
      }
      if (body === null) throw new AppError('VALIDATION_ERROR', 'its body cannot be made');
      await withinTime(timeoutMs, stop, (signal) =>
        sendWebhook(ports, channel, body, { key, message, signal }),
      );
    },
  };
}

async function withinTime(
  timeoutMs: number,
  stop: AbortSignal,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    await send(AbortSignal.any([stop, late.signal]));
  } catch (thrown) {
    if (stop.aborted) throw new AppError('CANCELLED', 'the request was stopped');
    if (late.signal.aborted) {
      throw new AppError('TIMEOUT_ERROR', `no answer within ${timeoutMs} ms`);
    }
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}
