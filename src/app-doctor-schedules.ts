/** What `opcode doctor` says of schedules: those that the rules of time zones here keep from firing. */
import { createHash } from 'node:crypto';
import { type Finding, withDatabase } from './app-doctor-finding.ts';
import { chooseZones } from './app-zones.ts';
import type { Config } from './config.ts';
import type { ScheduleRow } from './model/schedule.ts';
import { zoneProblem } from './model/schedule-places.ts';
import type { Store } from './model/store.ts';
import { createCalculator } from './schedule/calculator.ts';

const PAGE = 200;

/** Finds schedules that a process here would not fire; one finding when it would fire all, none without any. */
export function lookAtSchedules(config: Config): Promise<readonly Finding[]> {
  chooseZones(config.settings['time.zones']);
  const calculator = createCalculator((text) => createHash('sha256').update(text).digest('hex'));
  return withDatabase(config, ({ store }) => {
    const all = enabledSchedules(store);
    if (all.length === 0) return [];
    const troubles = all.flatMap((schedule): Finding[] => {
      const problem = zoneProblem(calculator, schedule);
      if (problem === null) return [];
      const text = `"${schedule.name}" is not fired from here: ${problem}`;
      return [{ area: 'schedules', level: 'warn', text, hint: HINT }];
    });
    const text = `${all.length} enabled, all by the rules of time zones here`;
    return troubles.length > 0 ? troubles : [{ area: 'schedules', level: 'ok', text }];
  });
}

const HINT =
  'update Opcode, or set time.zones to the source that has these rules; made anew it goes by the rules here';

function enabledSchedules(store: Pick<Store, 'schedules'>): readonly ScheduleRow[] {
  const all: ScheduleRow[] = [];
  let cursor: string | undefined;
  do {
    const page = store.schedules({
      enabled: true,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}
