import type { ItemReport } from '../../run-reports.ts';

/** What a worker reports about a finished job. */
export interface WorkerReport {
  /** The worker's own name. */
  readonly worker: string;
  readonly item: ItemReport;
  /** Seconds that each of its operators has been busy since it started; not in every report. */
  readonly busy?: Readonly<Record<string, number>> | undefined;
}

/** The state of a queue's workers. */
export interface FleetState {
  readonly workers: number;
  readonly waiting: number;
  readonly active: number;
  /** The operator that is busiest over all workers; undefined before any has reported. */
  readonly bottleneck: string | undefined;
}

/**
 * Figures are kept for at most this many workers: names come from the queue, which anybody may
 * write.
 */
const MOST_WORKERS = 10_000;
/** Maximum characters of a text that a worker may report. */
const LONGEST_TEXT = 4096;
/** Maximum notes, and operators, in one report. */
const MOST_ENTRIES = 64;
/** Maximum refusals to show. */
const MOST_REASONS = 5;

/**
 * What the workers of a queue report about themselves, for display only: no decision depends on it,
 * because only the dataset says what is done.
 */
export class Fleet {
  readonly #busy = new Map<string, Readonly<Record<string, number>>>();
  readonly #reasons = new Set<string>();
  readonly #tell: (item: ItemReport) => void;
  /** Items that were done before this run. */
  before = 0;
  done = 0;
  dead = 0;
  frames = 0;
  /** Media seconds that were computed. */
  seconds = 0;
  /** How many jobs workers refused. */
  refused = 0;
  workers = 0;
  waiting = 0;
  active = 0;

  /** @param tell called for each item that a worker has finished. */
  constructor(tell: (item: ItemReport) => void) {
    this.#tell = tell;
  }

  /** Why jobs were refused: the first few distinct reasons. */
  get reasons(): readonly string[] {
    return [...this.#reasons];
  }

  get state(): FleetState {
    const { workers, waiting, active } = this;
    return { workers, waiting, active, bottleneck: this.#bottleneck() };
  }

  /** Takes whatever arrived as a report. */
  take(value: unknown): void {
    const report = reportOf(value);
    if (report === undefined) return;
    const { worker, item, busy } = report;
    this.done += 1;
    if (item.type === 'dead') this.dead += 1;
    if (item.type === 'committed') {
      this.frames += item.frames;
      this.seconds += item.seconds;
    }
    if (busy !== undefined && (this.#busy.has(worker) || this.#busy.size < MOST_WORKERS)) this.#busy.set(worker, busy);
    this.#tell(item);
  }

  /** Records that a job was refused. @returns whether the reason is new. */
  refuse(given: string): boolean {
    const reason = given.slice(0, LONGEST_TEXT);
    this.refused += 1;
    if (this.#reasons.size >= MOST_REASONS || this.#reasons.has(reason)) return false;
    this.#reasons.add(reason);
    return true;
  }

  #bottleneck(): string | undefined {
    const totals = new Map<string, number>();
    for (const busy of this.#busy.values()) {
      for (const [name, seconds] of Object.entries(busy)) totals.set(name, (totals.get(name) ?? 0) + seconds);
    }
    return [...totals].sort(([, left], [, right]) => right - left)[0]?.[0];
  }
}

/** Parses what came from a queue as a report; undefined if it is not one. */
function reportOf(value: unknown): WorkerReport | undefined {
  const { worker, item, busy } = (value ?? {}) as Partial<WorkerReport>;
  const { type, item: id, path } = (item ?? {}) as Partial<ItemReport>;
  const isText = (each: unknown) => typeof each === 'string' && each.length <= LONGEST_TEXT;
  const areNotes = (each: unknown) => Array.isArray(each) && each.length <= MOST_ENTRIES && each.every(isText);
  const isNumber = (each: unknown) => typeof each === 'number' && Number.isFinite(each);
  const fields = (item ?? {}) as Readonly<Record<string, unknown>>;
  const fits =
    (type === 'committed' && isNumber(fields.frames) && isNumber(fields.seconds) && areNotes(fields.notes)) ||
    type === 'already-done' ||
    (type === 'skipped' && isText(fields.reason)) ||
    (type === 'dead' && isText(fields.code) && isText(fields.message));
  if (!fits || !isText(worker) || !isText(id) || !isText(path)) return undefined;
  const times = typeof busy === 'object' && busy !== null ? Object.entries(busy) : [];
  const isBusy = times.length <= MOST_ENTRIES && times.every(([name, time]) => isText(name) && isNumber(time));
  return { worker: worker as string, item: item as ItemReport, busy: isBusy && times.length > 0 ? busy : undefined };
}
