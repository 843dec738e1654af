/** One message to a command: the message as JSON on standard input, success by its exit code. */
import { AppError } from '../model/error.ts';
import type { CommandChannel } from '../model/notice.ts';
import type { Delivery } from './webhook.ts';

interface NoticeCommand {
  readonly argv: readonly string[];
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface NoticeCommandEnd {
  readonly exitCode: number;
  readonly stopped: 'timeout' | 'abort' | null;
  readonly stderr: string;
}

/** Runs a command with a minimal environment; resolves when its process group is gone. */
export type RunNoticeCommand = (command: NoticeCommand) => Promise<NoticeCommandEnd>;

const MAX_SHOWN_CHARS = 200;

/** Resolves when the command has taken the message. @throws AppError saying how it ended */
export async function sendToCommand(
  run: RunNoticeCommand,
  { command, timeoutMs }: CommandChannel,
  { key, message, signal }: Delivery,
): Promise<void> {
  const { exitCode, stopped, stderr } = await run({
    argv: command,
    stdin: `${JSON.stringify(message)}\n`,
    env: {
      OPCODE_EVENT: key,
      OPCODE_KIND: String(message.kind),
      OPCODE_CHANNEL: String(message.channel),
    },
    timeoutMs,
    signal,
  });
  if (stopped === 'timeout') {
    throw new AppError('TIMEOUT_ERROR', `it did not end within ${timeoutMs} ms and was killed`);
  }
  if (stopped === 'abort') throw new AppError('CANCELLED', 'it was stopped');
  if (exitCode === 0) return;
  const said = stderr.trim().slice(-MAX_SHOWN_CHARS);
  throw new AppError('EXECUTION_ERROR', `exit code ${exitCode}${said === '' ? '' : `: ${said}`}`);
}
