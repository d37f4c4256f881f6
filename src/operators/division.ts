import { checkInteger } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';

/** Times within a rounding error before a border belong to the subclip after it. */
const BORDER_TOLERANCE = 1e-9;
/** A remainder shorter than this share of a subclip is not a subclip of its own. */
const LEAST_REST = 0.1;
const MOST_SUBCLIPS = 1_000_000;
const LEAST_SECONDS = 0.01;
const MOST_SECONDS = 1_000_000;

/**
 * Ways to cut spans into subclips: into a number of equal parts, or into parts of a fixed length.
 */
export interface Cuts {
  /** Numbers of equal parts, ascending. */
  readonly counts: readonly number[];
  /** Lengths in seconds, ascending. */
  readonly seconds: readonly number[];
}

/** One span, cut into subclips: which times belong to which of them. */
export interface Division {
  /** How many subclips it has, at least one. */
  readonly subclips: number;
  /** Length of its subclips if that is fixed; the last one may be shorter or a little longer. */
  readonly seconds: number | undefined;
  /** Length of its longest subclip in seconds. */
  readonly longest: number;
  /** The subclip that a time belongs to; times before the start belong to the first. */
  subclipOf(time: number): number;
  start(subclip: number): number;
  end(subclip: number): number;
  middle(subclip: number): number;
}

/** A span cut into equal parts: time t is in min(floor(t S / D + 1e-9), S - 1). */
export function equalParts(subclips: number, duration: number): Division {
  return {
    subclips,
    seconds: undefined,
    longest: duration / subclips,
    subclipOf: (time) => clamp((time * subclips) / duration, subclips),
    start: (subclip) => (subclip * duration) / subclips,
    end: (subclip) => ((subclip + 1) * duration) / subclips,
    middle: (subclip) => ((subclip + 0.5) * duration) / subclips,
  };
}

/**
 * A span cut every `seconds`: time t is in min(floor(t / seconds + 1e-9), N - 1). The last subclip
 * is as long as what is left; a remainder shorter than a tenth of a subclip, which may not contain
 * a single frame, belongs to the subclip before it.
 */
export function fixedLength(seconds: number, duration: number): Division {
  const subclips = Math.max(1, Math.ceil(duration / seconds - LEAST_REST));
  const start = (subclip: number) => subclip * seconds;
  const end = (subclip: number) => (subclip === subclips - 1 ? duration : (subclip + 1) * seconds);
  const last = duration - start(subclips - 1);
  return {
    subclips,
    seconds,
    longest: subclips === 1 ? last : Math.max(seconds, last),
    subclipOf: (time) => clamp(time / seconds, subclips),
    start,
    end,
    middle: (subclip) => (start(subclip) + end(subclip)) / 2,
  };
}

/** A span of the given duration, cut in each of these ways. */
export function divisions({ counts, seconds }: Cuts, duration: number): Division[] {
  return [
    ...counts.map((count) => equalParts(count, duration)),
    ...seconds.map((length) => fixedLength(length, duration)),
  ];
}

/**
 * The ways to cut, checked, without repetition, in ascending order.
 *
 * @throws UsageError if one is out of range, or there is none. `names` are those of the options.
 */
export function checkCuts(
  given: {
    readonly count?: number | readonly number[] | undefined;
    readonly seconds?: number | readonly number[] | undefined;
  },
  names: { readonly count: string; readonly seconds: string } = { count: 'count', seconds: 'seconds' },
): Cuts {
  const [counts, seconds] = [given.count, given.seconds].map((value) =>
    typeof value === 'number' ? [value] : (value ?? []),
  ) as [readonly number[], readonly number[]];
  if (!Array.isArray(counts) || (counts.length === 0 && given.seconds === undefined)) {
    throw new UsageError(
      `\`${names.count}\` must be a number of subclips or a non-empty array of them`,
      given.count === undefined
        ? {
            remedy: `Give \`${names.count}: 10\` for equal parts, or \`${names.seconds}: 5\` for parts of a fixed length.`,
          }
        : {},
    );
  }
  if (!Array.isArray(seconds) || counts.length + seconds.length === 0) {
    throw new UsageError(`\`${names.seconds}\` must be a length of subclips or a non-empty array of them`);
  }
  for (const count of counts) checkInteger(names.count, count, 1, MOST_SUBCLIPS);
  for (const length of seconds) {
    if (typeof length === 'number' && length >= LEAST_SECONDS && length <= MOST_SECONDS) continue;
    throw new UsageError(
      `\`${names.seconds}\` must be from ${LEAST_SECONDS} to ${MOST_SECONDS} seconds, but is ${length}`,
    );
  }
  return { counts: ascending(counts), seconds: ascending(seconds) };
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((first, second) => first - second);
}

function clamp(position: number, subclips: number): number {
  return Math.max(0, Math.min(Math.floor(position + BORDER_TOLERANCE), subclips - 1));
}
