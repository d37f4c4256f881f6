/** Frames of sound between two marks at most. */
const FRAMES_BETWEEN = 16;
/** Seconds by which a frame's time must part from its samples to be marked. */
const MARKED_DRIFT = 0.02;

/**
 * The ffmpeg filters that write marks of a stream of sound to descriptor 3, two lines for each: how
 * far the frame's stated time is ahead of the samples before it, then how many those are, both in 1
 * / `sampleRate`. Frames are marked whose time has moved against the samples, and every sixteenth.
 * The sound itself passes unchanged.
 */
export function markFilters(sampleRate: number): string[] {
  const mark = 'ametadata=mode=print:key=t:file=pipe\\\\:3:direct=1';
  const samples = 'NB_CONSUMED_SAMPLES/SR/TB';
  // Asked more than once about a frame, it must say the same: the frame's number is kept beside its
  // time.
  const marked = `eq(n,0)+eq(n,ld(1))+gt(abs(t-ld(0)),${MARKED_DRIFT})+not(mod(n,${FRAMES_BETWEEN}))`;
  return [
    `asettb=1/${sampleRate}`,
    `asetpts='PTS-${samples}'`,
    `ametadata=mode=add:key=t:value=1:enable='if(${marked},st(0,t)*0+st(1,n)*0+1,0)'`,
    mark,
    `asetpts='${samples}'`,
    mark,
  ];
}

/** A frame of sound that was marked; in 1 / `sampleRate`. */
export interface AudioMark {
  /** Samples before it. */
  readonly samples: number;
  /** Its stated time; undefined when it states none. */
  readonly ticks: number | undefined;
}

/** Puts the two lines of each mark together, which need not follow each other at once. */
export class MarkReader {
  readonly #onMark: (mark: AudioMark) => void;
  readonly #drifts = new Map<number, number | undefined>();

  constructor(onMark: (mark: AudioMark) => void) {
    this.#onMark = onMark;
  }

  /** A line: the number of a frame, and a time. */
  line(frame: number, ticks: number | undefined): void {
    if (!this.#drifts.has(frame)) {
      this.#drifts.set(frame, ticks);
      return;
    }
    const drift = this.#drifts.get(frame);
    this.#drifts.delete(frame);
    if (ticks === undefined) return;
    this.#onMark({ samples: ticks, ticks: drift === undefined ? undefined : ticks + drift });
  }
}
