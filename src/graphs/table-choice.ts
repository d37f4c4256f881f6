import type { KnownOptions } from '../core/known-options.ts';
import type { Statistic } from '../operators/statistics.ts';

/** Which of a dataset's tables to read; must be given if it has several. */
export interface TableChoice {
  /** The number of subclips that items were cut into. */
  readonly subclips?: number | undefined;
  /** The length of the subclips in seconds, if it is fixed. */
  readonly subclipSeconds?: number | undefined;
  readonly statistic?: Statistic | undefined;
}

/** The options of a choice, for the checks of calls that take them among others. */
export const tableChoice: KnownOptions<TableChoice> = { subclips: true, subclipSeconds: true, statistic: true };
