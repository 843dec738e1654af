/**
 * Sending signals: to one run, which is then continued here when nobody else executes it, or to many
 * after a count and a yes. `signal` and its short forms are made of this.
 */
import { AppError } from '../src/model/error.ts';
import type { SignalType } from '../src/model/event.ts';
import type { RunId } from '../src/model/ids.ts';
import type { Json } from '../src/model/json.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import { waitMsOf } from './args.ts';
import type { App, Cli } from './command.ts';
import { executeRun } from './execute-run.ts';
import { EXIT } from './exit.ts';
import { runEndLines } from './print/run-end.ts';
import { shortId } from './print/run-id.ts';
import { oneLine } from './print/text.ts';
import { sendToMany } from './send-to-many.ts';
import type { SignalInput, SignalOptions } from './signal-options.ts';

export interface SignalRequest {
  readonly type: SignalType;
  readonly step?: string | undefined;
  readonly name?: string | undefined;
  readonly payload?: Json | undefined;
}

type Sent = Awaited<ReturnType<App['ops']['signal']>>;

/** Sends one signal, or one to each run that fits `--where`. */
export async function sendSignal(
  cli: Cli,
  run: string | undefined,
  request: SignalRequest,
  options: SignalOptions,
): Promise<number> {
  const input = inputOf(request, options);
  if (options.where !== undefined) {
    if (run !== undefined) {
      throw new AppError('VALIDATION_ERROR', 'give a run or --where, not both');
    }
    return sendToMany(cli, input, { ...options, where: options.where });
  }
  if (run === undefined) {
    throw new AppError('VALIDATION_ERROR', 'which run? Give its id, @last, or --where', {
      hint: 'opcode status lists runs',
    });
  }
  return options.detach === true
    ? sendAndLeave(cli, run, input, options)
    : sendAndFollow(cli, run, input, options);
}

function inputOf(request: SignalRequest, options: SignalOptions): SignalInput {
  const { type, step, name, payload } = request;
  return {
    signal_type: type,
    ...(step === undefined ? {} : { step_id: step }),
    ...(name === undefined ? {} : { name }),
    ...(payload === undefined ? {} : { payload }),
    ...(options.reason === undefined ? {} : { reasoning: options.reason }),
    ...(options.agent === undefined ? {} : { agent_id: options.agent }),
    ...(options.idempotencyKey === undefined ? {} : { idempotency_key: options.idempotencyKey }),
  };
}

async function sendAndFollow(
  cli: Cli,
  run: string,
  input: SignalInput,
  options: SignalOptions,
): Promise<number> {
  const app = await cli.openUnlessDaemon();
  const before = await app.ops.status(cli.context(), { workflow_id: run, include: ['decisions'] });
  const waitMs = waitMsOf(options.wait);
  let isElsewhere = false;
  // A daemon's run is followed as if it ran here. One that another command executes is left to it,
  // unless waiting was asked for.
  const waitFor = (sent: Sent): number | null => {
    const goesOn = sent.status === 'active' || sent.status === 'pending';
    const { engine } = app;
    isElsewhere = goesOn && engine !== null && !engine.owns(sent.workflow_id as RunId);
    return isElsewhere && options.wait === undefined ? 0 : waitMs;
  };
  const { code, run: after } = await executeRun(cli, app, {
    quiet: options.quiet,
    agent: options.agent,
    waitMs: waitFor,
    brief: input.signal_type === 'cancel' || input.signal_type === 'pause',
    afterSequence: before.last_sequence,
    start: (context) =>
      app.ops.signal(context, {
        ...toOpenQuestion(input, before),
        workflow_id: before.workflow_id,
        wait: 0,
      }),
    tell: (sent) => cli.note(sentLine(cli, sent)),
    document: documentOf,
  });
  const isLeftToOthers = isElsewhere && code === EXIT.waiting && options.wait === undefined;
  return isLeftToOthers || isAsWished(input, after) ? EXIT.ok : code;
}

/**
 * The answer with the id of the question that it is for: a person means what is open now, in the run or
 * below it. With a key of its own, or when several fit, the words are sent as they are.
 */
function toOpenQuestion(
  input: SignalInput,
  { pending_decisions: open }: StatusOutput,
): SignalInput {
  const { signal_type: type, step_id: step, idempotency_key: key } = input;
  if (type !== 'decision' || key !== undefined) return input;
  const fitting = open.filter(
    ({ step_id: path }) => step === undefined || path === step || path.endsWith(`.${step}`),
  );
  const [only] = fitting;
  return only === undefined || fitting.length > 1 ? input : { ...input, step_id: only.id };
}

/** A cancelled, paused or rejected run is what was asked for. */
function isAsWished({ signal_type: type, payload }: SignalInput, run: StatusOutput): boolean {
  if (type === 'cancel')
    return (
      run.status === 'cancelled' || run.ending === 'cancelled' || run.error?.code === 'REJECTED'
    );
  if (type === 'pause') return run.paused;
  const isReject = JSON.stringify(payload ?? null).includes('"reject":true');
  return type === 'decision' && isReject && run.error?.code === 'REJECTED';
}

function documentOf(sent: Sent, run: StatusOutput): unknown {
  const { output: _output, error: _error, next: _next, ...rest } = sent;
  return {
    ...rest,
    status: run.status,
    ...(run.ending === undefined ? {} : { ending: run.ending }),
    ...(run.output === undefined ? {} : { output: run.output }),
    ...(run.error === undefined ? {} : { error: run.error }),
    waiting_for: run.waiting_for,
    ...(run.next === undefined ? {} : { next: run.next }),
  };
}

async function sendAndLeave(
  cli: Cli,
  run: string,
  input: SignalInput,
  options: SignalOptions,
): Promise<number> {
  const app = await cli.open();
  const before = await app.ops.status(cli.context(), { workflow_id: run, include: ['decisions'] });
  // Nobody will answer when nobody executes: it is enough that the signal is on disk.
  const abort = before.has_executor ? new AbortController().signal : AbortSignal.abort();
  const context = cli.context({ agent: options.agent, abort });
  const sent = await app.ops.signal(context, {
    ...toOpenQuestion(input, before),
    workflow_id: before.workflow_id,
  });
  if (cli.json) {
    cli.printJson(sent);
    return EXIT.ok;
  }
  cli.note(sentLine(cli, sent));
  if (!before.has_executor) {
    cli.note(
      `No daemon runs, so nothing moves yet: opcode serve, or opcode recover ${shortId(sent.workflow_id)}`,
    );
    return EXIT.ok;
  }
  const after = await app.ops.status(cli.context(), { workflow_id: sent.workflow_id });
  for (const line of runEndLines(after, cli.terminal.stderr.style)) cli.note(line);
  return EXIT.ok;
}

const DONE: Readonly<Record<string, string>> = {
  decision: 'Decided',
  data: 'Sent',
  cancel: 'Cancelled',
  retry: 'Retrying',
  skip: 'Skipped',
  pause: 'Pausing',
  resume: 'Resumed',
};

/** What a signal did, in a line: `Decided: yes (ask)`, `Retrying: deploy, verify`. */
function sentLine(cli: Cli, sent: Sent): string {
  const { style } = cli.terminal.stderr;
  if (sent.pending === true) return style.bold('Accepted, not yet applied');
  const done = style.bold(DONE[sent.signal_type] ?? 'Sent');
  const facts = factsOf(sent.result);
  return facts === '' ? done : `${done}: ${facts}`;
}

function factsOf(result: Sent['result']): string {
  const { choice, step_id: step, name, skipped, again, merged, already } = result;
  const parts: string[] = [];
  if (typeof choice === 'string') parts.push(oneLine(choice));
  for (const text of [name, skipped]) if (typeof text === 'string') parts.push(oneLine(text));
  for (const list of [merged, again]) {
    if (Array.isArray(list) && list.length > 0)
      parts.push(list.map(String).map(oneLine).join(', '));
  }
  if (typeof step === 'string')
    parts.push(parts.length === 0 ? oneLine(step) : `(${oneLine(step)})`);
  if (already === true) parts.push('— it was decided so already');
  return parts.join(' ');
}
