/**
 * Certificate and key of the server, read from their files and checked before anything listens with
 * them: a renewed pair that does not fit leaves the one that is there.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError, messageOf } from '../model/error.ts';

export interface TlsFiles {
  /** Certificate and its chain, PEM. */
  readonly cert: string;
  readonly key: string;
}

/** The pair in these files; null when neither is set. @throws VALIDATION_ERROR */
export function readTls(certPath: string | null, keyPath: string | null): TlsFiles | null {
  if (certPath === null && keyPath === null) return null;
  if (certPath === null || keyPath === null) {
    const [there, missing] = certPath === null ? ['tls.key', 'tls.cert'] : ['tls.cert', 'tls.key'];
    throw new AppError('VALIDATION_ERROR', `${missing}: must be set together with ${there}`);
  }
  const pair = { cert: readPem('tls.cert', certPath), key: readPem('tls.key', keyPath) };
  checkPair(pair, certPath, keyPath);
  return pair;
}

function readPem(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new AppError(
      'VALIDATION_ERROR',
      `${setting}: ${path} cannot be read: ${messageOf(thrown)}`,
    );
  }
}

function checkPair({ cert, key }: TlsFiles, certPath: string, keyPath: string): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (thrown) {
    throw bad('tls.cert', `${certPath} holds no PEM certificate`, thrown);
  }
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (thrown) {
    throw bad('tls.key', `${keyPath} holds no PEM private key without a passphrase`, thrown);
  }
  if (!fits) throw bad('tls.key', `${keyPath} is not the key of the certificate in ${certPath}`);
  const until = new Date(certificate.validTo);
  if (until.getTime() >= Date.now()) return;
  throw bad('tls.cert', `the certificate in ${certPath} expired at ${until.toISOString()}`);
}

const bad = (setting: string, message: string, cause?: unknown): AppError =>
  new AppError('VALIDATION_ERROR', `${setting}: ${message}`, { cause });
