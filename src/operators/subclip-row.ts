import type { Statistic } from './statistics.ts';

/**
 * A vector with a time: an embedding, or any vector that your own function computes from a frame or
 * patch.
 */
export interface Timed {
  /** Seconds from the container's start; decides the subclip. */
  readonly time: number;
  /**
   * Seconds from the container's start, at least `time`: the middle of the span that the row
   * covers. Left out (or equal to `time`) for a moment that lasts until the next row. Decides which
   * row an empty subclip takes.
   */
  readonly centre?: number | undefined;
  /** D values, with the same D for every row of a stream. */
  readonly vector: Float32Array | readonly number[];
}

/** One statistic of one subclip of one stream. */
export interface SubclipRow {
  /** `id` of the span it is part of (the video), if it has one. */
  readonly item?: string | undefined;
  /** Name of the stream: `visual`, `audio`, or one of your own. */
  readonly stream: string;
  /** What `vector` holds. */
  readonly statistic: Statistic;
  /** Number of subclips the span was cut into. */
  readonly subclips: number;
  /** Length of the subclips, if the span was cut into subclips of a fixed length. */
  readonly seconds?: number | undefined;
  /** Index of the subclip, from 0. */
  readonly subclip: number;
  /** Its start in seconds: `subclip * duration / subclips`, or `subclip * seconds`. */
  readonly start: number;
  /** Its end in seconds: the start of the next one, or the end of the span. */
  readonly end: number;
  /** Number of its own rows that the statistic covers; 0 if it was empty and took another's. */
  readonly count: number;
  /** D or 2 D float32 values, see `Statistic`. Belongs to the receiver. */
  readonly vector: Float32Array;
}

/** What is cut into subclips: a video, or anything with a duration in seconds. */
export interface Span {
  /** Seconds; read when the first row arrives, so a video need not be probed before. */
  readonly duration: number;
  /** Copied to `item` of every row. */
  readonly id?: string | undefined;
}
