/** What `opcode doctor` says of channels: whether what has to be told arrives. */
import { type Finding, withDatabase } from './app-doctor-finding.ts';
import type { Config } from './config.ts';
import type { ChannelView } from './ops/notice-schemas.ts';
import { channelViews, isTroubled } from './ops/notices.ts';

/** One finding for each channel that does not take its messages; one when all do; [] without channels. */
export function lookAtNotices(config: Config): Promise<readonly Finding[]> {
  return withDatabase(config, ({ store, notify }) => {
    const channels = channelViews({ store, notices: notify.ops });
    if (channels.length === 0) return [];
    const troubled = channels.filter(isTroubled).map(trouble);
    if (troubled.length > 0) return troubled;
    const waiting = channels.reduce((sum, channel) => sum + channel.waiting, 0);
    const rest = waiting === 0 ? 'nothing waits to be delivered' : `${waiting} to be delivered`;
    const text = `${channels.map(({ name }) => name).join(', ')}: ${rest}`;
    return [{ area: 'notices', level: 'ok', text }];
  });
}

function trouble({
  name,
  type,
  waiting,
  gave_up: gaveUp,
  last_error: error,
}: ChannelView): Finding {
  const given = gaveUp === 0 ? '' : `, ${gaveUp} given up`;
  const why = type === null ? 'it is no longer set' : (error ?? 'unknown');
  const hint =
    type === null
      ? `set notify.channels.${name} again, or wait: they are given up after a day`
      : `opcode notify test ${name}`;
  const text = `channel "${name}": ${waiting} not delivered${given} (${why})`;
  return { area: 'notices', level: 'warn', text, hint };
}
