/**
 * Composition of access: the record of who did what, who may come in over the network, and what must
 * be there before anybody else can reach the server.
 */
import type { Config } from './config.ts';
import { type Access, createAccess } from './http/access.ts';
import { trustedProxies } from './http/access-origin.ts';
import type { HttpServer, Reach } from './http/server.ts';
import { readTls } from './http/tls.ts';
import { createMasker } from './isolate/mask.ts';
import { AppError, messageOf } from './model/error.ts';
import type { Clock, Logger } from './model/ports.ts';
import type { Store } from './model/store.ts';
import { type Audit, createAudit } from './ops/audit.ts';
import type { Caller } from './ops/operation.ts';
import { maySpeakFor } from './ops/speaker.ts';
import { createTokenAuth, type TokenAuth } from './ops/token-auth.ts';

/** The record over the store, with the secrets of this process unreadable in it. */
export function openAudit(config: Config, store: Store, clock: Clock): Audit {
  const secrets = [...config.secrets.values(), ...(config.token === null ? [] : [config.token])];
  return createAudit(store, clock, createMasker(secrets).text);
}

/** Writes what is still to be written before the store is closed. */
export function closeAudit(audit: Audit, log: Logger): void {
  try {
    audit.flush();
  } catch (thrown) {
    log.warn('the last entries of the audit could not be written', { error: messageOf(thrown) });
  }
}

/** How others reach the server. @throws PERMISSION_DENIED when nothing would protect what is sent */
export function reachOf({ settings }: Config): Reach {
  const tls = readTls(settings['tls.cert'], settings['tls.key']);
  const proxies = trustedProxies(settings.trusted_proxies);
  const { public: isPublic, allow_http: allowsHttp } = settings;
  if (isPublic && tls === null && proxies.isEmpty && !allowsHttp) {
    throw new AppError('PERMISSION_DENIED', 'public: nothing would encrypt tokens and data', {
      hint: 'set tls.cert and tls.key; or trusted_proxies to the addresses of your TLS proxy; or, on a network you trust, --allow-http',
    });
  }
  return {
    isPublic: isPublic || !proxies.isEmpty,
    tls,
    proxies,
    onlyProxies: isPublic && tls === null && !allowsHttp,
  };
}

export interface ServerAccess {
  readonly access: Access;
  /** Whether a caller may hear and say what is this agent's. */
  readonly maySpeakFor: (caller: Caller, agentId: string) => boolean;
  /** Takes over the server's token and certificate. @throws VALIDATION_ERROR, then nothing is changed */
  reload(config: Config): void;
}

interface ServerParts {
  readonly store: Store;
  readonly audit: Audit;
  readonly config: Config;
  readonly reach: Reach;
  readonly http: Pick<HttpServer, 'renewTls'>;
  readonly log: Logger;
}

/** Who may come in. @throws PERMISSION_DENIED when others can reach the server and no token exists */
export function openServerAccess(parts: ServerParts): ServerAccess {
  const { store, audit, config, reach, http, log } = parts;
  const auth = createTokenAuth({ store, clock: { now: Date.now } });
  auth.setServerToken(config.token);
  refuseWithoutToken(auth, reach);
  const { isPublic } = reach;
  const access = createAccess({ auth, audit, log, now: () => performance.now(), isPublic });
  let { tls } = reach;
  return {
    access,
    maySpeakFor: (caller, agentId) => maySpeakFor(caller, agentId, store.hasTokenFor),
    reload(next) {
      const renewed = readTls(next.settings['tls.cert'], next.settings['tls.key']);
      if ((renewed === null) !== (tls === null)) {
        throw new AppError('VALIDATION_ERROR', 'tls: between http and https: restart the server');
      }
      auth.setServerToken(next.token);
      if (renewed === null || (renewed.cert === tls?.cert && renewed.key === tls.key)) return;
      tls = renewed;
      http.renewTls(renewed);
      log.info('the certificate was renewed');
    },
  };
}

function refuseWithoutToken(auth: TokenAuth, { isPublic, proxies }: Reach): void {
  if (!isPublic || auth.isNeeded()) return;
  const why = proxies.isEmpty ? 'public' : 'trusted_proxies';
  throw new AppError('PERMISSION_DENIED', `${why}: no token exists, so nobody could come in`, {
    hint: 'make one first: opcode token create --role admin; or set OPCODE_TOKEN',
  });
}
