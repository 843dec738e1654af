/** Operations that a command hands to the living daemon of this home, which has other secrets than it. */
import { socketPathOf } from './app-relay.ts';
import { findDaemon } from './app-serve.ts';
import type { Config } from './config.ts';
import { callOverSocket } from './mcp/socket-client.ts';
import { AppError } from './model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from './model/json.ts';
import type { NoticeTestOutput } from './ops/notice-schemas.ts';

/** Names of the secrets that the living daemon has; null when there is none, or one that does not tell. */
export async function secretsOfDaemon(config: Config): Promise<ReadonlySet<string> | null> {
  if (findDaemon(config)?.alive !== true) return null;
  const found = await callOverSocket(socketPathOf(config.home), {
    opcode: 'call',
    db: config.dbPath,
    operation: 'query',
    input: { resource: 'secrets' },
  });
  const secrets = isJsonObject(found ?? null) ? (found as JsonObject).secrets : null;
  if (!isJsonArray(secrets ?? null)) return null;
  return new Set((secrets as Json[]).map((each) => (isJsonObject(each) ? String(each.name) : '')));
}

/** The test of a channel as the daemon sends it; null when there is none, or one that cannot. @throws AppError */
export async function notifyTestByDaemon(
  config: Config,
  channel: string,
): Promise<NoticeTestOutput | null> {
  const daemon = findDaemon(config);
  if (daemon?.alive !== true) return null;
  try {
    const result = await callOverSocket(socketPathOf(config.home), {
      opcode: 'call',
      db: config.dbPath,
      operation: 'notify_test',
      input: { channel },
    });
    return result as NoticeTestOutput | null;
  } catch (thrown) {
    const isNew = Object.hasOwn(config.settings['notify.channels'], channel);
    if (!(thrown instanceof AppError) || thrown.code !== 'NOT_FOUND' || !isNew) throw thrown;
    throw new AppError(
      'CONFLICT',
      `the daemon (pid ${daemon.pid}) does not know "${channel}" yet`,
      {
        hint: `kill -HUP ${daemon.pid} makes it read its settings again`,
      },
    );
  }
}
