/** Maximum number of audio frames between two marks. */
const FRAMES_BETWEEN = 16;
/** Seconds by which a frame's time must differ from its samples to be marked. */
const MARKED_DRIFT = 0.02;

/**
 * The ffmpeg filters that write an audio stream's marks to descriptor 3, two lines each: how far
 * the frame's stated time is ahead of the samples before it, then how many those are, both in 1 /
 * `sampleRate`. A frame is marked if its time has moved against the samples, and so is every
 * sixteenth. The audio itself passes through unchanged.
 */
export function markFilters(sampleRate: number): string[] {
  const mark = 'ametadata=mode=print:key=t:file=pipe\\\\:3:direct=1';
  const samples = 'NB_CONSUMED_SAMPLES/SR/TB';
  // It must give the same answer when asked twice about a frame, so the frame's number is kept with
  // its time.
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

/** A marked audio frame; in 1 / `sampleRate`. */
export interface AudioMark {
  /** Number of samples before it. */
  readonly samples: number;
  /** Its stated time; undefined if it states none. */
  readonly ticks: number | undefined;
}

/** Joins the two lines of each mark, which need not be adjacent. */
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
