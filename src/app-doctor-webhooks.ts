/** What `opcode doctor` says of webhooks: those that a recorded request could start again, or nobody. */
import { secretsOfDaemon } from './app-daemon-call.ts';
import { type Finding, withDatabase } from './app-doctor-finding.ts';
import type { Config } from './config.ts';
import type { WebhookRow } from './model/schedule.ts';

/** Finds webhooks that want something of somebody; one finding when all are well, none without any. */
export function lookAtWebhooks(config: Config): Promise<readonly Finding[]> {
  return withDatabase(config, async ({ store }) => {
    const all = store.webhooks();
    if (all.length === 0) return [];
    // A daemon has an environment of its own; only without one it is this one that counts.
    const daemonLives = store
      .nodes()
      .some(({ role, leaseUntil }) => role === 'serve' && leaseUntil > Date.now());
    const secrets = daemonLives ? await secretsOfDaemon(config) : config.secrets;
    const lacking = { secrets, by: daemonLives ? 'the daemon has not its secret' : NOT_HERE };
    const troubles = all.flatMap((webhook) => troublesOf(webhook, lacking));
    if (troubles.length > 0) return troubles;
    const text = all.map(({ name }) => name).join(', ');
    return [{ area: 'webhooks', level: 'ok', text }];
  });
}

const NOT_HERE = 'its secret is not set here';

/** Secrets of who takes requests, null when they are not known; and how it is said that one is missing. */
interface Known {
  readonly secrets: { has(name: string): boolean } | null;
  readonly by: string;
}

function troublesOf(
  { name, form, equalBodies, secret, template }: WebhookRow,
  { secrets, by }: Known,
): Finding[] {
  const found: Finding[] = [];
  const add = (problem: string, hint: string): void =>
    void found.push({ area: 'webhooks', level: 'warn', text: `"${name}" ${problem}`, hint });
  if (form === 'legacy') {
    add(
      'takes the forms of signature of before, which end with the next major release',
      `write form: opcode or form: forge into its trigger in "${template}"; its sender must sign so`,
    );
  }
  if (equalBodies) {
    add(
      'can be replayed: whoever has recorded a request may send it under another delivery id',
      'leave out equal_bodies where its sender does not send equal bodies on purpose',
    );
  }
  if (secrets?.has(secret) === false) {
    add(`takes nothing: ${by}`, `set OPCODE_SECRET_${secret} for opcode serve`);
  }
  return found;
}
