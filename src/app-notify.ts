/**
 * Composition of who is told: rules and channels of the settings over the outbox, and what is kept for
 * agents that are away. Only a daemon delivers; every process puts down what it has to tell.
 */
import { mkdirSync } from 'node:fs';
import type { EgressPolicy } from './actions/deps.ts';
import { openExchange } from './actions/http-exchange.ts';
import { readBody } from './actions/http-read.ts';
import { retryAfter } from './actions/http-status.ts';
import { programVersion } from './app-parts.ts';
import { processMasker, processSecrets } from './app-secrets.ts';
import type { Config } from './config.ts';
import { createCommandRunner } from './isolate/command-runner.ts';
import { createMasker } from './isolate/mask.ts';
import { ownIdentity } from './isolate/process-info.ts';
import type { Engine } from './model/engine.ts';
import { AppError, messageOf } from './model/error.ts';
import type { Audience, KeptMessages, NoticeRule, Tell } from './model/notice.ts';
import type { OutboxOf } from './model/notice-store.ts';
import type { Clock, Logger, SecretSource } from './model/ports.ts';
import type { Store } from './model/store.ts';
import { createAudience } from './notify/audience.ts';
import type { Expressions } from './notify/body.ts';
import { type ChannelPorts, type ChannelSet, createChannels } from './notify/channels.ts';
import type { RunNoticeCommand } from './notify/command.ts';
import { type Delivering, startDelivery } from './notify/delivery.ts';
import { createKeptMessages } from './notify/kept-messages.ts';
import { createOutbox, mayTell } from './notify/outbox.ts';
import { testPayload } from './notify/payload.ts';
import { createTell } from './notify/tell.ts';
import type { WebhookAnswer, WebhookRequest } from './notify/webhook.ts';
import type { NoticeDeps } from './ops/notice-deps.ts';

export interface NotifyParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly secrets: SecretSource;
  readonly egress: EgressPolicy;
  readonly expressions: Expressions;
}

export interface Notify {
  readonly outbox: OutboxOf;
  readonly tell: Tell;
  readonly kept: KeptMessages;
  readonly audience: Audience;
  /** Whether a message for this agent (null: anybody) is told at once. */
  hears(agent: string | null): boolean;
  readonly ops: NoticeDeps;
  /** Takes over rules and channels. @throws VALIDATION_ERROR; then those of before stay */
  reload(config: Config): void;
  /** Delivers from now on. */
  deliver(): Delivering;
}

/** Who is told, by the settings. @throws VALIDATION_ERROR naming what is wrong with a body */
export function createNotify(config: Config, parts: NotifyParts): Notify {
  const { store, clock, log } = parts;
  const audience = createAudience();
  const ports = channelPorts(config, parts);
  const live = { set: channelSet(config, ports) };
  let delivering: Delivering | null = null;
  const rules = () => live.set.rules;
  return {
    outbox: createOutbox(rules),
    tell: createTell({ store, rules, clock, log, poke: () => delivering?.poke() }),
    kept: createKeptMessages({ store, clock, log }),
    audience,
    hears: (agent) => rules().some(goesSomewhere) || audience.hears(agent),
    ops: noticeDeps(() => live.set, clock),
    reload(next) {
      live.set = channelSet(next, ports);
      delivering?.renewed();
    },
    deliver() {
      delivering = startDelivery({
        store,
        clock,
        log,
        channels: () => live.set,
        random: Math.random,
      });
      return delivering;
    },
  };
}

/** Any message of `workflow.notify` reaches a channel. */
const goesSomewhere = ({ on, where }: NoticeRule): boolean =>
  on.includes('notify') && Object.values(where).every((asked) => asked.length === 0);

export interface DaemonNotices {
  readonly notify: Notify;
  readonly engine: Engine | null;
  readonly recovered: number;
  /** The daemon before this one ended without a word. */
  readonly crashed: boolean;
}

/** What a daemon does for those who are told: says that it has started, and delivers until it is closed. */
export function startNotices({
  notify,
  engine,
  recovered,
  crashed,
}: DaemonNotices): () => Promise<void> {
  const delivering = notify.deliver();
  const unsubscribe = engine?.onEvents((events) => {
    if (events.some(({ event }) => mayTell(event))) delivering.poke();
  });
  const self = ownIdentity();
  const again = crashed ? ' again, after it had ended without a word' : '';
  const runs = recovered === 1 ? 'run' : 'runs';
  const took = recovered === 0 ? '' : ` It goes on with ${recovered} unfinished ${runs}.`;
  notify.tell({
    kind: 'restarted',
    key: `restarted/${self.bootId}/${self.pid}/${self.started}`,
    message: `The daemon on ${self.host} has started${again}.${took}`,
    status: crashed ? 'crash' : 'start',
    data: { host: self.host, version: programVersion(), recovered },
  });
  return async () => {
    unsubscribe?.();
    await delivering.close();
  };
}

function channelSet({ settings, settingsPath }: Config, ports: ChannelPorts): ChannelSet {
  const { set, problems } = createChannels(ports, {
    rules: settings['notify.rules'],
    channels: settings['notify.channels'],
  });
  const [first] = problems;
  if (first === undefined) return set;
  const issues = problems.map(({ path, message }) => ({
    path: `${settingsPath}: notify.channels${path}`,
    code: 'VALIDATION_ERROR',
    message,
    severity: 'error',
  }));
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  throw new AppError('VALIDATION_ERROR', `${issues[0]?.path}: ${first.message}${more}`, {
    details: { issues },
  });
}

function noticeDeps(set: () => ChannelSet, clock: Clock): NoticeDeps {
  return {
    rules: () => set().rules,
    channels: () => set().names.map((name) => ({ name, type: set().get(name)?.type ?? 'webhook' })),
    async test(name) {
      const channel = set().get(name);
      if (channel === undefined) return null;
      const began = performance.now();
      const nowMs = clock.now();
      const took = (): number => Math.round(performance.now() - began);
      try {
        await channel.send(`test/${nowMs}`, testPayload(name, nowMs), new AbortController().signal);
        return { error: null, durationMs: took() };
      } catch (thrown) {
        return { error: messageOf(thrown), durationMs: took() };
      }
    },
  };
}

function channelPorts(config: Config, parts: NotifyParts): ChannelPorts {
  const { egress, secrets, expressions } = parts;
  return {
    expressions,
    secrets,
    masker: (values) => createMasker([...processSecrets(config), ...values]),
    userAgent: `opcode/${programVersion()}`,
    post: (request) => post(egress, parts.clock, request),
    command: commandPort(config),
  };
}

const ANSWER_BYTES = 4096;

/** By the rules for http actions; redirects are the caller's to judge. */
async function post(
  egress: EgressPolicy,
  clock: Clock,
  { url, headers, body, signal }: WebhookRequest,
): Promise<WebhookAnswer> {
  const request = {
    url,
    method: 'POST',
    headers: new Map(Object.entries(headers)),
    body: Buffer.from(body),
    privateHeaders: new Set<string>(),
  };
  const exchange = await openExchange(request, { egress, skipVerify: false, signal }).catch(
    (thrown: unknown) => {
      // Its path may be what lets one in.
      const message = messageOf(thrown).replaceAll(`${url.origin}${url.pathname}`, url.origin);
      throw new AppError(thrown instanceof AppError ? thrown.code : 'EXECUTION_ERROR', message);
    },
  );
  const { response } = exchange;
  const chunks: Uint8Array[] = [];
  const status = response.statusCode ?? 0;
  try {
    await readBody(response, ANSWER_BYTES, (chunk) => void chunks.push(chunk));
  } catch (thrown) {
    // A receiver that has said yes has the message, however it ends the connection.
    if (status < 200 || status >= 300)
      throw new AppError('EXECUTION_ERROR', brokenOff(url, thrown));
  } finally {
    await exchange.close();
  }
  return {
    status,
    text: Buffer.concat(chunks).toString('utf8'),
    retryAfterMs: retryAfter(response.headers['retry-after'], clock.now()),
  };
}

const brokenOff = (url: URL, thrown: unknown): string =>
  `${url.origin}: the answer broke off (${messageOf(thrown)})`;

const COMMAND_OUTPUT_BYTES = 64 * 1024;
const COMMAND_KILL_GRACE_MS = 2_000;

function commandPort(config: Config): RunNoticeCommand {
  const { workDir, callerEnv } = config;
  const masker = processMasker(config);
  const runner = createCommandRunner({ killGraceMs: COMMAND_KILL_GRACE_MS });
  return async ({ argv, stdin, env, timeoutMs, signal }) => {
    mkdirSync(workDir, { recursive: true, mode: 0o700 });
    const prepared = runner.prepare({
      argv,
      cwd: workDir,
      baseEnv: callerEnv,
      env,
      stdin,
      maxOutputBytes: COMMAND_OUTPUT_BYTES,
      limits: {},
    });
    const { exitCode, stopped, stderr } = await prepared.run({
      timeoutMs,
      signal,
      onOutput: () => undefined,
      cut: (text, from, to) => masker().part(text, from, to),
    });
    return { exitCode, stopped, stderr: masker().text(stderr) };
  };
}
