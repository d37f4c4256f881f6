import { ReelflowError } from '../../core/errors.ts';
import { encodePictures } from '../../io/media/encode-pictures.ts';
import type { Video } from '../../io/media/video.ts';
import { type Division, equalParts, fixedLength } from '../../operators/division.ts';
import type { Frame } from '../../operators/frame.ts';

/** Pixels along the longer side of a picture. */
const SIDE = 64;
/** How many items have their pictures kept, and how many pictures each: 15 MB during the run. */
const MOST_ITEMS = 100;
const MOST_PICTURES = 12;

/** One frame for each subclip of an item, or for each of those that are shown. */
export interface FilmStrip {
  readonly item: string;
  readonly pictures: readonly {
    /** The number of its subclip, from 0. */
    readonly subclip: number;
    /** Seconds from the start of the item. */
    readonly time: number;
    readonly width: number;
    readonly height: number;
    /** A JPEG file. */
    readonly jpeg: Uint8Array;
  }[];
}

interface Taken {
  readonly division: Division;
  /** Numbers of the subclips that are shown. */
  readonly shown: ReadonlySet<number>;
  readonly pictures: { readonly subclip: number; readonly time: number; readonly rgb: Uint8Array }[];
}

/**
 * Keeps a small picture of each subclip from the frames that a run decodes anyway, for the first
 * hundred items and at most twelve pictures each. It is the first frame from the middle of the
 * subclip on or, if there is none, its first frame.
 *
 * @example
 * const strips = new FilmStrips({ subclips: 10 });
 * const onFrame = (frame: Frame, video: Video) => strips.take(frame, video);
 * const summary = await extract({ inputs: ['trailers/'], out: 'features/', onFrame });
 * const page = runReport(summary, new RunRecord(), await strips.finish(console.error));
 * await writeFile('run.html', page);
 */
export class FilmStrips {
  readonly #cut: (duration: number) => Division;
  readonly #items = new Map<string, Taken>();
  #size: { readonly width: number; readonly height: number } | undefined;

  /** @param cut a number of subclips, or the length of each in seconds. */
  constructor(cut: { readonly subclips: number } | { readonly seconds: number }) {
    this.#cut = (duration) =>
      'subclips' in cut ? equalParts(cut.subclips, duration) : fixedLength(cut.seconds, duration);
  }

  /** A listener for `onFrame`. */
  take(frame: Frame, video: Video): void {
    let own = this.#items.get(video.id);
    // An item that is computed again, after its length was measured, starts over.
    if (own === undefined || frame.index === 0) {
      if (own === undefined && this.#items.size >= MOST_ITEMS) return;
      own = begun(this.#cut(video.info.duration));
      this.#items.set(video.id, own);
    }
    const { division, shown, pictures } = own;
    const subclip = division.subclipOf(frame.time);
    if (!shown.has(subclip)) return;
    const middle = division.middle(subclip);
    const last = pictures.at(-1);
    if (last?.subclip === subclip) {
      if (last.time >= middle || frame.time < middle) return;
      pictures.pop();
    }
    this.#size ??= sizeOf(frame);
    pictures.push({ subclip, time: frame.time, rgb: reduced(frame, this.#size.width, this.#size.height) });
  }

  /**
   * The strips that have pictures, in the order in which items started. May only be called once. A
   * report without pictures is better than none: if they cannot be encoded, `onMessage` gets the
   * reason and the result is empty.
   */
  async finish(onMessage: (message: string) => void): Promise<FilmStrip[]> {
    try {
      return await this.#encoded();
    } catch (error) {
      if (!(error instanceof ReelflowError)) throw error;
      onMessage(`the report has no pictures: ${error.message}`);
      return [];
    }
  }

  async #encoded(): Promise<FilmStrip[]> {
    const { width, height } = this.#size ?? { width: 0, height: 0 };
    const taken = [...this.#items].filter(([, { pictures }]) => pictures.length > 0);
    this.#items.clear();
    const files = await encodePictures(
      taken.flatMap(([, { pictures }]) => pictures.map(({ rgb }) => rgb)),
      width,
      height,
    );
    let at = 0;
    return taken.map(([item, { pictures }]) => ({
      item,
      pictures: pictures.map(({ subclip, time }) => {
        const jpeg = files[at++] as Uint8Array;
        return { subclip, time, width, height, jpeg };
      }),
    }));
  }
}

/**
 * An item without pictures yet; if it has many subclips, those that are shown are evenly spaced.
 */
function begun(division: Division): Taken {
  const count = Math.min(division.subclips, MOST_PICTURES);
  const shown = Array.from({ length: count }, (_, place) => Math.floor((place * division.subclips) / count));
  return { division, shown: new Set(shown), pictures: [] };
}

function sizeOf({ width, height }: Frame): { width: number; height: number } {
  const side = (own: number) => Math.max(2, 2 * Math.round((SIDE * own) / Math.max(width, height) / 2));
  return { width: side(width), height: side(height) };
}

/** The frame scaled down: each pixel is the mean of those that it replaces. */
function reduced(frame: Frame, width: number, height: number): Uint8Array {
  const { data } = frame;
  const rgb = new Uint8Array(width * height * 3);
  const edge = (at: number, of: number, all: number) => Math.floor((at * all) / of);
  for (let line = 0; line < height; line++) {
    const [top, bottom] = [edge(line, height, frame.height), edge(line + 1, height, frame.height)];
    for (let column = 0; column < width; column++) {
      const [left, right] = [edge(column, width, frame.width), edge(column + 1, width, frame.width)];
      const sums = [0, 0, 0];
      const lines = Math.max(1, bottom - top);
      const columns = Math.max(1, right - left);
      for (let y = top; y < top + lines; y++) {
        for (let x = left; x < left + columns; x++) {
          for (let band = 0; band < 3; band++) {
            sums[band] = (sums[band] as number) + (data[(y * frame.width + x) * 3 + band] as number);
          }
        }
      }
      for (let band = 0; band < 3; band++) {
        rgb[(line * width + column) * 3 + band] = Math.round((sums[band] as number) / (lines * columns));
      }
    }
  }
  return rgb;
}
