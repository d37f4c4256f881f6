/** The expected outcome of a media file with five subclips, as stated in `expected.json`. */
export interface MediaExpectation {
  /** Any of them is acceptable. */
  readonly verdict: readonly string[];
  readonly frames?: number | undefined;
  readonly fifths?: readonly number[] | undefined;
  /** Patches of 0.96 s in each fifth. */
  readonly patchFifths?: readonly number[] | undefined;
  /** How many frames or patches a fifth (or the file, if fifths are not stated) may be off by. */
  readonly within?: number | undefined;
  readonly audioSeconds?: number | undefined;
  /** The colour that the row of each fifth shows; null: any. */
  readonly colours?: readonly (string | null)[] | undefined;
  readonly note?: string | undefined;
}

/** A row of a cut into fifths. */
export interface Fifth {
  readonly frames: number;
  readonly audioSeconds: number;
  /** Mean colour of each quarter of the picture, 0 to 255; undefined without a vector. */
  readonly quarters: readonly (readonly [red: number, green: number, blue: number])[] | undefined;
}

/** The outcome of a media file. */
export interface MediaOutcome {
  readonly verdict: string;
  readonly fifths: readonly Fifth[];
  /** What was reported: for a dead item, its letter. */
  readonly said: string;
  /** The largest memory of any decoder, in bytes. */
  readonly decoderPeak: number;
  /** For damaged media: the outcome with `--allow-partial`. */
  readonly allowed?: MediaOutcome | undefined;
}

const VGGISH_HOP = 0.96;

/** Colours of the generated files, as they decode. */
const COLOURS: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [255, 0, 0],
  green: [0, 128, 0],
  blue: [0, 0, 255],
  white: [255, 255, 255],
  black: [0, 0, 0],
};

/** What the notes in `expected.json` say beyond its numbers. */
const ALSO: Readonly<Record<string, (outcome: MediaOutcome) => string[]>> = {
  'steps.mp4': (outcome) => colourFaults(outcome, ['red', 'green', 'blue', 'white', 'black']),
  'strip.mkv': decoderUnder150,
  'sar_1000.mkv': decoderUnder150,
  // Its first half is only red; of its second, which is portrait, the centre crop shows 4.9 % of
  // blue.
  'aspect_change.ts': ({ fifths }) =>
    [0, 0, undefined, 0.049, 0.049].flatMap((wanted, fifth) => {
      const blue = mean((fifths[fifth]?.quarters ?? []).map((quarter) => quarter[2] / 255));
      if (wanted === undefined || Math.abs(blue - wanted) <= 0.02) return [];
      return [`the blue share of fifth ${fifth + 1} is ${(100 * blue).toFixed(1)} %, not ${100 * wanted} %`];
    }),
  'sei_rot90.mp4': ({ fifths }) => {
    const [shown] =
      fifths.flatMap(({ quarters }) => quarters ?? []).length === 0 ? [] : fifths.filter(({ quarters }) => quarters);
    const seen = (shown?.quarters ?? []).map((quarter) => nearest(quarter)).join(' ');
    return seen === 'green white red blue' ? [] : [`its quarters are ${seen}, not green white red blue`];
  },
  'cut_wf.mp4': ({ allowed }) => {
    const frames = (allowed?.fifths ?? []).reduce((sum, fifth) => sum + fifth.frames, 0);
    return frames >= 140 && frames <= 160 ? [] : [`${frames} frames with --allow-partial, not about 150`];
  },
  'm3__cmaf__multi-segment__video_1.m4s': ({ said }) =>
    /init|segment/i.test(said) ? [] : ['does not say that it is a segment without its init'],
};

/** Expectations that the files themselves contradict, with the reason. */
const CORRECTED: Readonly<Record<string, Partial<MediaExpectation>>> = {
  // Its sample table lists two frames, and ffmpeg decodes two.
  'sei_rot90.mp4': { frames: 2, within: 0 },
};

/** The expectation for a file, corrected where it is known to be wrong. */
export function corrected(file: string, stated: MediaExpectation): MediaExpectation {
  return { ...stated, ...CORRECTED[file] };
}

/** The differences of an outcome from the expectation. */
export function mediaDifferences(file: string, expected: MediaExpectation, outcome: MediaOutcome): string[] {
  if (!expected.verdict.includes(outcome.verdict)) {
    const counts = outcome.fifths.length === 0 ? [] : countDifferences(expected, outcome);
    return [`verdict ${outcome.verdict}, not ${expected.verdict.join(' or ')}`, ...counts];
  }
  const also = ALSO[file]?.(outcome) ?? [];
  return outcome.fifths.length === 0 ? also : [...countDifferences(expected, outcome), ...also];
}

function countDifferences(expected: MediaExpectation, outcome: MediaOutcome): string[] {
  const { within = 0, fifths, patchFifths, colours } = expected;
  const found: string[] = [];
  const compare = (what: string, got: number, wanted: number, tolerance: number) => {
    if (!(Math.abs(got - wanted) <= tolerance + 1e-9))
      found.push(`${what}: ${round(got)}, not ${round(wanted)} within ${round(tolerance)}`);
  };
  const sum = (of: (fifth: Fifth) => number) => outcome.fifths.reduce((total, fifth) => total + of(fifth), 0);
  if (expected.frames !== undefined) {
    const tolerance = Math.max(0.02 * expected.frames, fifths === undefined && patchFifths === undefined ? within : 0);
    compare(
      'frames',
      sum(({ frames }) => frames),
      expected.frames,
      tolerance,
    );
  }
  fifths?.forEach((wanted, at) => {
    compare(`frames of fifth ${at + 1}`, outcome.fifths[at]?.frames ?? Number.NaN, wanted, within);
  });
  patchFifths?.forEach((wanted, at) => {
    compare(
      `patches of fifth ${at + 1}`,
      (outcome.fifths[at]?.audioSeconds ?? Number.NaN) / VGGISH_HOP,
      wanted,
      within,
    );
  });
  if (expected.audioSeconds !== undefined) {
    compare(
      'seconds of sound',
      sum(({ audioSeconds }) => audioSeconds),
      expected.audioSeconds,
      0.1 + 0.02 * expected.audioSeconds,
    );
  }
  if (expected.frames !== undefined && expected.frames > 0) {
    // A row shows a picture wherever the file has one: rows without a frame of their own show
    // another row's.
    outcome.fifths.forEach(({ quarters }, at) => {
      if (quarters === undefined) found.push(`fifth ${at + 1} shows no picture`);
    });
  }
  return colours === undefined ? found : [...found, ...colourFaults(outcome, colours)];
}

function colourFaults(outcome: MediaOutcome, colours: readonly (string | null)[]): string[] {
  return colours.flatMap((wanted, at) => {
    const quarters = outcome.fifths[at]?.quarters ?? [];
    const shown =
      quarters.length === 0
        ? 'none'
        : nearest([0, 1, 2].map((channel) => mean(quarters.map((quarter) => quarter[channel] ?? 0))));
    return wanted === null || shown === wanted ? [] : [`fifth ${at + 1} shows ${shown}, not ${wanted}`];
  });
}

/** The name of the colour, or its values if it is not one of the generated ones. */
function nearest(colour: readonly number[]): string {
  const apart = (other: readonly number[]) =>
    Math.max(...other.map((value, channel) => Math.abs(value - (colour[channel] ?? 0))));
  // There are two greens: (0, 128, 0) of the tests' ffmpeg colour names, and full green.
  const named = [...Object.entries(COLOURS), ['green', [0, 255, 0]] as const].find(([, value]) => apart(value) < 24);
  return named?.[0] ?? `(${colour.map(Math.round).join(', ')})`;
}

function decoderUnder150({ decoderPeak }: MediaOutcome): string[] {
  const mebibytes = decoderPeak / 2 ** 20;
  return mebibytes < 150 ? [] : [`a decoder had ${mebibytes.toFixed(0)} MiB, not under 150`];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The expectation in words. */
export function expectationText({ verdict, frames, fifths, patchFifths, audioSeconds }: MediaExpectation): string {
  return [
    verdict.length > 3 ? 'dead' : verdict.join('|'),
    frames === undefined ? '' : `${frames}${fifths === undefined ? '' : `: ${fifths.join(' ')}`}`,
    patchFifths === undefined ? '' : `patches ${patchFifths.join(' ')}`,
    audioSeconds === undefined ? '' : `${audioSeconds} s`,
  ]
    .filter((part) => part !== '')
    .join('  ');
}
