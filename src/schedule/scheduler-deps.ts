/** What a scheduler is made of. */
import type { Tell } from '../model/notice.ts';
import type { Clock, Logger } from '../model/ports.ts';
import type { ScheduleCalculator, ScheduleStarter } from '../model/schedule.ts';
import type { ScheduleStore } from '../model/schedule-store.ts';
import type { Store } from '../model/store.ts';

export interface SchedulerDeps {
  readonly store: ScheduleStore & Pick<Store, 'dataVersion'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  readonly calculator: ScheduleCalculator;
  readonly starter: ScheduleStarter;
  readonly tell: Tell;
  readonly log: Logger;
}
