/** The options of a run that are tuned: they change its speed, but nothing that it computes. */
export interface Tuned {
  /** Videos at a time. */
  readonly concurrency: number;
  /** Frames in a batch. */
  readonly batch: number;
  /** Inference workers of the first network. */
  readonly workers: number;
}

/** A setting, and how fast it was. */
export interface Measured {
  readonly setting: Tuned;
  readonly rate: number;
}

/** How far a climb goes. */
export interface ClimbLimits {
  /** The options that are varied, in this order. */
  readonly knobs: readonly (keyof Tuned)[];
  /** The maximum of each option. */
  readonly most: Tuned;
  /** Maximum number of measurements after the first. */
  readonly trials: number;
  /** When one is aborted, the climb ends where it is. */
  readonly stops?: readonly AbortSignal[] | undefined;
}

/**
 * A setting counts as faster if it is faster by this factor in two measurements; a smaller gain may
 * be chance.
 */
const GAIN = 1.03;

/**
 * Climbs from a setting to faster ones by doubling and halving one option at a time, until no
 * change makes it faster. A gain is measured twice before it counts.
 *
 * @param measure returns how fast a setting is, or undefined if it is refused.
 * @returns `best`, the fastest setting that was confirmed, and `tried`, every measurement in order.
 * The highest single measurement may belong to another setting.
 *
 * @example
 * declare const start: Measured;
 * declare const limits: ClimbLimits;
 * declare const rateOf: (setting: Tuned) => Promise<number>;
 * const { best } = await climb(start, limits, rateOf);
 */
export async function climb(
  start: Measured,
  { knobs, most, trials, stops = [] }: ClimbLimits,
  measure: (setting: Tuned) => Promise<number | undefined>,
): Promise<{ readonly best: Measured; readonly tried: readonly Measured[] }> {
  const tried: Measured[] = [start];
  const seen = new Set([nameOf(start.setting)]);
  let best = start;
  let left = trials;
  const isOver = () => left <= 0 || stops.some(({ aborted }) => aborted);
  const rateOf = async (setting: Tuned): Promise<number> => {
    if (isOver()) return 0;
    left -= 1;
    const rate = await measure(setting);
    if (rate !== undefined) tried.push({ setting, rate });
    return rate ?? 0;
  };
  /** Changes an option for as long as that makes it faster, and returns whether it did. */
  const moves = async (knob: keyof Tuned, change: (value: number) => number): Promise<boolean> => {
    for (let hasMoved = false; ; hasMoved = true) {
      const value = Math.min(most[knob], change(best.setting[knob]));
      const setting = { ...best.setting, [knob]: value };
      if (value < 1 || isOver() || seen.has(nameOf(setting))) return hasMoved;
      seen.add(nameOf(setting));
      const wanted = best.rate * GAIN;
      const first = await rateOf(setting);
      const rate = first > wanted ? Math.min(first, await rateOf(setting)) : 0;
      if (rate <= wanted) return hasMoved;
      best = { setting, rate };
    }
  };
  for (let gained = true; gained; ) {
    gained = false;
    for (const knob of knobs) {
      const up = await moves(knob, (value) => 2 * value);
      const down = !up && (await moves(knob, (value) => Math.floor(value / 2)));
      gained = gained || up || down;
    }
  }
  return { best, tried };
}

const nameOf = ({ concurrency, batch, workers }: Tuned): string => `${concurrency} ${batch} ${workers}`;
