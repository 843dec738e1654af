/**
 * What this process knows to be secret whatever a run uses: its token, and the secrets with which
 * webhooks and notices are signed. In the log, which nothing is computed from, all its secrets are masked.
 */
import type { Config } from './config.ts';
import { secretDigestOf } from './http/hooks-signature.ts';
import { createMasker } from './isolate/mask.ts';
import { secretsIn } from './model/notice-settings.ts';
import type { Masker, SecretSource } from './model/ports.ts';
import type { Store } from './model/store.ts';

/** How long the names of webhooks' secrets are remembered, milliseconds. */
const REMEMBERED_MS = 1000;

/** Values that are masked in every run. */
export function ownSecrets(
  config: Config,
  store: Pick<Store, 'webhookSecrets'>,
  secrets: SecretSource,
): () => readonly string[] {
  const names = new Set(channelSecrets(config));
  let known: readonly string[] = [];
  let until = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now < until) return known;
    until = now + REMEMBERED_MS;
    const values = [...names, ...store.webhookSecrets()].flatMap((name) => {
      const secret = secrets.resolve(name);
      return secret.ok ? [secret.value] : [];
    });
    known = [...ownKeys(config), ...values];
    return known;
  };
}

/** Digests of the values of secrets: equal for equal values, null for one that is not here. */
export const digestOf =
  (secrets: SecretSource) =>
  (name: string): string | null => {
    const found = secrets.resolve(name);
    return found.ok ? secretDigestOf(found.value) : null;
  };

/** Names of the secrets that channels of notices are given. */
function channelSecrets({ settings }: Config): readonly string[] {
  const signed = Object.values(settings['notify.channels']).flatMap((channel) =>
    'secret' in channel && channel.secret !== null ? [channel.secret] : [],
  );
  return [...signed, ...secretsIn(JSON.stringify(settings['notify.channels']))];
}

/** Every value that this process knows to be secret. */
export const processSecrets = (config: Config): readonly string[] => [
  ...config.secrets.values(),
  ...ownKeys(config),
];

/** What this process itself was given to get in and to open with. */
const ownKeys = ({ token, vaultKey }: Config): readonly string[] =>
  [token, vaultKey].filter((key) => key !== null);

/** Masks every secret of this process: for what nothing is computed from. */
export function processMasker(config: Config): () => Masker {
  let masker: Masker | null = null;
  return () => {
    masker ??= createMasker(processSecrets(config));
    return masker;
  };
}

/** Masks every secret of this process in a line of the log. */
export function logMask(config: Config): (line: string) => string {
  const masker = processMasker(config);
  return (line) => masker().text(line);
}
