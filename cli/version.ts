/**
 * Which release this is. The build writes version and commit into the executable; from source the
 * version is that of package.json.
 */
import packageJson from '../package.json' with { type: 'json' };

declare const OPCODE_VERSION: string | undefined;
declare const OPCODE_COMMIT: string | undefined;

export interface Release {
  readonly version: string;
  readonly commit: string;
}

/** The version and commit of this program; the commit is `source` when it was not built. */
export function release(): Release {
  return {
    version: typeof OPCODE_VERSION === 'string' ? OPCODE_VERSION : packageJson.version,
    commit: typeof OPCODE_COMMIT === 'string' ? OPCODE_COMMIT : 'source',
  };
}
