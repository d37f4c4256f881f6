/** What of a run's plan is tuned: options that change its speed, and nothing that it computes. */
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
  /** What is varied, the first first. */
  readonly knobs: readonly (keyof Tuned)[];
  /** The most that each is set to. */
  readonly most: Tuned;
  /** Measurements at most, after the first. */
  readonly trials: number;
}

/** A setting counts as faster when it is so by this factor, twice: less may be chance. */
const GAIN = 1.03;

/**
 * Climbs from a setting to faster ones, one knob at a time, by doubling and halving it, until none
 * gains anything. What is faster is measured again before it is believed.
 *
 * @param measure how fast a setting is; undefined of one that is refused.
 * @returns every setting that was measured, in order; the fastest is not always the one that was
 * once measured fastest, and stands in `best`.
 *
 * @example
 * const { best } = await climb({ setting, rate }, limits, async (each) => rateOf(each));
 */
export async function climb(
  start: Measured,
  { knobs, most, trials }: ClimbLimits,
  measure: (setting: Tuned) => Promise<number | undefined>,
): Promise<{ readonly best: Measured; readonly tried: readonly Measured[] }> {
  const tried: Measured[] = [start];
  const seen = new Set([nameOf(start.setting)]);
  let best = start;
  let left = trials;
  const rateOf = async (setting: Tuned): Promise<number> => {
    if (left <= 0) return 0;
    left -= 1;
    const rate = await measure(setting);
    if (rate !== undefined) tried.push({ setting, rate });
    return rate ?? 0;
  };
  /** Moves a knob on as long as that gains; whether it has. */
  const moves = async (knob: keyof Tuned, change: (value: number) => number): Promise<boolean> => {
    for (let hasMoved = false; ; hasMoved = true) {
      const value = Math.min(most[knob], change(best.setting[knob]));
      const setting = { ...best.setting, [knob]: value };
      if (value < 1 || left <= 0 || seen.has(nameOf(setting))) return hasMoved;
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
