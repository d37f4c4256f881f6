import type { SchedulerLike } from 'rxjs';
import { shown } from '../core/check.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { UsageError } from '../core/errors.ts';

/** The clock of a scheduler; the system's if none is given. @throws UsageError if it is not one. */
export function clockOf(scheduler: SchedulerLike | undefined): Clock {
  if (scheduler === undefined) return systemClock;
  if (typeof scheduler?.schedule !== 'function' || typeof scheduler.now !== 'function') {
    throw new UsageError(`\`scheduler\` must be a scheduler of RxJS, but is ${shown(scheduler)}`);
  }
  return {
    now: () => scheduler.now(),
    after(milliseconds, work) {
      const action = scheduler.schedule(work, milliseconds);
      return () => action.unsubscribe();
    },
    early: 0,
  };
}
