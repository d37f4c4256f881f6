import type { Video } from '../io/media/video.ts';
import type { RunEvent } from './runners/local.ts';

/** Counts what a run does, from its events. */
export class RunTally {
  committed = 0;
  /** Committed items whose media decoded only in part. */
  partial = 0;
  /**
   * Committed items that were taken from the cache: their frames, patches and seconds are not
   * counted.
   */
  cached = 0;
  /** The same of those taken from the item that their file was before it was renamed. */
  renamed = 0;
  alreadyDone = 0;
  /** Items already done that an earlier run committed in part. */
  alreadyPartial = 0;
  frames = 0;
  patches = 0;
  /** Media seconds of units that were computed and committed. */
  seconds = 0;
  readonly dead: { item: string; code: string; message: string }[] = [];
  readonly skipped: { item: string; reason: string }[] = [];
  /** What is odd about the media of committed units: see `UnitSummary`. */
  readonly notes: { item: string; notes: readonly string[] }[] = [];
  readonly #running = new Map<string, { seconds: number; reached: number }>();
  #finishedSeconds = 0;
  #finished = 0;

  /** @param total items of the run; it grows if the run takes over items from others. */
  constructor(public total: number) {}

  /** Takes one event of the run. */
  add(event: RunEvent<Video>): void {
    const id = event.item.id;
    switch (event.type) {
      case 'started':
        this.#running.set(id, { seconds: event.seconds, reached: 0 });
        return;
      case 'reached': {
        const running = this.#running.get(id);
        if (running !== undefined) running.reached = Math.max(running.reached, event.seconds);
        return;
      }
      case 'committed':
        this.committed += 1;
        if (event.unit.notes.length > 0) this.notes.push({ item: id, notes: event.unit.notes });
        if (event.cached === true || event.renamed === true) {
          if (event.cached === true) this.cached += 1;
          else this.renamed += 1;
          break;
        }
        if (event.unit.partial) this.partial += 1;
        this.frames += event.unit.frames;
        this.patches += event.unit.patches;
        this.seconds += event.unit.seconds;
        break;
      case 'already-done':
        this.alreadyDone += 1;
        if (event.unit.partial) this.alreadyPartial += 1;
        break;
      case 'abandoned':
        this.#running.delete(id);
        return;
      case 'skipped':
        this.skipped.push({ item: id, reason: event.reason });
        break;
      case 'dead':
        this.dead.push({ item: id, code: event.letter.code, message: event.letter.message });
        break;
    }
    const running = this.#running.get(id);
    if (running !== undefined) {
      this.#finishedSeconds += running.seconds;
      this.#finished += 1;
      this.#running.delete(id);
    }
  }

  /** Items that are running. */
  get running(): number {
    return this.#running.size;
  }

  /** Items that have not started. */
  get waiting(): number {
    return Math.max(0, this.total - this.done - this.#running.size);
  }

  /** Items finished in any way. */
  get done(): number {
    return this.committed + this.alreadyDone + this.skipped.length + this.dead.length;
  }

  /** Media seconds processed, of finished and running units. */
  get mediaSeconds(): number {
    let seconds = this.#finishedSeconds;
    for (const running of this.#running.values()) seconds += running.reached;
    return seconds;
  }

  /**
   * Media seconds still to do: the rest of what is running, and the mean length so far for each
   * item not yet opened.
   */
  get remainingSeconds(): number {
    let rest = 0;
    let known = this.#finishedSeconds;
    for (const running of this.#running.values()) {
      rest += Math.max(0, running.seconds - running.reached);
      known += running.seconds;
    }
    const opened = this.#finished + this.#running.size;
    const unopened = this.total - this.done - this.#running.size;
    return rest + (unopened <= 0 ? 0 : opened === 0 ? Number.NaN : (unopened * known) / opened);
  }
}
