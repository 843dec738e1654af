/** Templates that checks newer than they are would refuse today. */
import { type Finding, withDatabase } from './app-doctor-finding.ts';
import type { Config } from './config.ts';
import type { CallContext } from './ops/operation.ts';

const SHOWN = 5;

const DOCTOR: CallContext = {
  caller: { agentId: null, role: 'local', sender: 'system' },
  exec: null,
};

/** Looks at the newest version of each template. */
export const lookAtDefinitions = (config: Config): Promise<readonly Finding[]> =>
  withDatabase(config, async ({ ops }) => {
    const { outdated } = await ops.overview(DOCTOR, { limit: 1 });
    if (outdated.length === 0) return [];
    const named = outdated
      .slice(0, SHOWN)
      .map(({ template, version }) => `${template} v${version}`);
    const more = outdated.length > SHOWN ? ` and ${outdated.length - SHOWN} more` : '';
    const text = `newer checks would refuse the next version of ${named.join(', ')}${more}`;
    const hint = 'they run as before; `opcode status` shows what is refused';
    return [{ area: 'templates', level: 'warn', text, hint }];
  });
