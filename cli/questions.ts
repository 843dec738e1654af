/**
 * Decisions of the followed run, answered on the spot: from prepared answers, else by the person at
 * the terminal, one at a time. Without either they stay open.
 *
 * A decision that was left open is not asked again; one that is answered elsewhere while it is being
 * asked ends the question.
 */
import type { DecisionView, EventView } from '../src/ops/shapes.ts';
import { type Answer, askDecision, createLineReader } from './ask.ts';
import type { App, Cli } from './command.ts';
import { asAppError, codeTag } from './errors.ts';
import { oneLine } from './print/text.ts';
import type { Progress } from './progress/display.ts';

/** Choices by step path or its last part. */
export type Answers = Readonly<Record<string, string>>;

export interface Questions {
  event(event: EventView): void;
  /** Asks whatever is open; `nothing` when no question was answered. */
  settle(): Promise<'answered' | 'nothing'>;
  close(): void;
}

export interface QuestionParts {
  readonly cli: Cli;
  readonly app: App;
  readonly progress: Progress;
  readonly workflowId: string;
  readonly quiet: boolean;
  readonly agent: string | undefined;
  readonly answers?: Answers | undefined;
}

/** The questions of one followed run. */
export function createQuestions(parts: QuestionParts): Questions {
  const { cli, app, progress, workflowId } = parts;
  const { stdin, stderr } = cli.terminal;
  const mayAsk = !cli.json && !parts.quiet && stdin.isTerminal && stderr.isTerminal;
  const reader = createLineReader();
  const leftOpen = new Set<string>();
  const closing = new AbortController();
  let current: { readonly path: string; readonly settled: AbortController } | null = null;
  let asking: Promise<'answered' | 'nothing'> | null = null;

  const pending = async (): Promise<DecisionView | undefined> => {
    const run = await app.ops.status(cli.context(), {
      workflow_id: workflowId,
      include: ['decisions'],
    });
    return run.pending_decisions.find(
      (decision) =>
        !leftOpen.has(decision.id) && (mayAsk || preparedAnswer(parts, decision) !== undefined),
    );
  };

  const answerOf = async (decision: DecisionView): Promise<Answer> => {
    const prepared = preparedAnswer(parts, decision);
    if (prepared !== undefined) return { kind: 'choice', choice: prepared, reasoning: null };
    const settled = new AbortController();
    const abort = AbortSignal.any([settled.signal, closing.signal]);
    current = { path: decision.step_id, settled };
    progress.pause();
    try {
      return await askDecision(decision, { stream: stderr, readLine: reader.readLine }, abort);
    } finally {
      current = null;
      progress.resume();
    }
  };

  const askNext = async (decision: DecisionView): Promise<boolean> => {
    leftOpen.add(decision.id);
    const answer = await answerOf(decision);
    return answer.kind !== 'open' && (await send(parts, decision, answer));
  };

  const askAll = async (): Promise<'answered' | 'nothing'> => {
    let isAnswered = false;
    while (!closing.signal.aborted) {
      const decision = await pending();
      if (decision === undefined) break;
      if (await askNext(decision)) isAnswered = true;
    }
    return isAnswered ? 'answered' : 'nothing';
  };

  const settle = (): Promise<'answered' | 'nothing'> => {
    asking ??= askAll().finally(() => {
      asking = null;
    });
    return asking;
  };

  return {
    event({ event_type, step_id }) {
      if (event_type === 'decision_requested' && (mayAsk || parts.answers !== undefined)) {
        settle().catch((thrown: unknown) => progress.note(String(thrown)));
      }
      const isOver = event_type === 'decision_resolved' || event_type === 'decision_cancelled';
      if (isOver && step_id === current?.path) {
        progress.note('The decision was settled elsewhere.');
        current?.settled.abort();
      }
    },
    settle,
    close() {
      closing.abort();
      reader.close();
    },
  };
}

function preparedAnswer({ answers }: QuestionParts, { step_id }: DecisionView): string | undefined {
  if (answers === undefined) return undefined;
  const names = [step_id, step_id.slice(step_id.lastIndexOf('.') + 1)];
  const name = names.find((each) => Object.hasOwn(answers, each));
  return name === undefined ? undefined : answers[name];
}

/** Sends an answer; a refusal is shown, and the decision stays open. */
async function send(
  { cli, app, progress, workflowId, agent }: QuestionParts,
  decision: DecisionView,
  answer: Exclude<Answer, { kind: 'open' }>,
): Promise<boolean> {
  const payload = answer.kind === 'choice' ? { choice: answer.choice } : { reject: true };
  try {
    await app.ops.signal(cli.context({ agent }), {
      workflow_id: workflowId,
      signal_type: 'decision',
      step_id: decision.step_id,
      payload,
      ...(answer.reasoning === null ? {} : { reasoning: answer.reasoning }),
    });
    return true;
  } catch (thrown) {
    const error = asAppError(thrown);
    const { style } = cli.terminal.stderr;
    progress.note(`${codeTag(error.code, style)} ${oneLine(error.message)}`);
    return false;
  }
}
