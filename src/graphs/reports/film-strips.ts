import { ReelflowError } from '../../core/errors.ts';
import { encodePictures } from '../../io/media/encode-pictures.ts';
import type { Video } from '../../io/media/video.ts';
import type { Frame } from '../../operators/frame.ts';

/** Pixels along the wider side of a picture. */
const SIDE = 64;
/** Items whose pictures are kept, and pictures of each: 15 MB while the run goes on. */
const MOST_ITEMS = 100;
const MOST_PICTURES = 12;

/** One frame for each subclip of an item, or for as many of them as are shown. */
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

interface Wanted {
  readonly subclip: number;
  readonly from: number;
}

interface Taken {
  readonly wanted: readonly Wanted[];
  readonly pictures: { readonly subclip: number; readonly time: number; readonly rgb: Uint8Array }[];
  next: number;
}

/**
 * Keeps a small picture of the middle of each subclip from the frames that a run decodes, of the
 * first hundred items, at most twelve each: nothing is decoded for it.
 *
 * @example
 * const strips = new FilmStrips({ subclips: 10 });
 * await extract({ inputs, out, onFrame: (frame, video) => strips.take(frame, video) });
 * await writeFile('run.html', runReport(summary, record, await strips.finish(console.error)));
 */
export class FilmStrips {
  readonly #subclips: number | undefined;
  readonly #seconds: number;
  readonly #items = new Map<string, Taken>();
  #size: { readonly width: number; readonly height: number } | undefined;

  /** @param cut a number of subclips, or the length of each in seconds. */
  constructor(cut: { readonly subclips: number } | { readonly seconds: number }) {
    this.#subclips = 'subclips' in cut ? cut.subclips : undefined;
    this.#seconds = 'seconds' in cut ? cut.seconds : 0;
  }

  /** A listener for `onFrame`. */
  take(frame: Frame, video: Video): void {
    let own = this.#items.get(video.id);
    // An item that is computed again, as its length was measured, begins again.
    if (own === undefined || (frame.index === 0 && own.next > 0)) {
      if (own === undefined && this.#items.size >= MOST_ITEMS) return;
      own = { wanted: this.#wantedOf(video.info.duration), pictures: [], next: 0 };
      this.#items.set(video.id, own);
    }
    const { wanted, pictures } = own;
    let due: Wanted | undefined;
    while (own.next < wanted.length && frame.time >= (wanted[own.next] as Wanted).from) due = wanted[own.next++];
    if (due === undefined) return;
    this.#size ??= sizeOf(frame);
    pictures.push({ subclip: due.subclip, time: frame.time, rgb: reduced(frame, this.#size.width, this.#size.height) });
  }

  /**
   * The strips that have pictures, in the order in which items began; may be called once. A report
   * without pictures is better than none: where they cannot be encoded, it is told why, and there
   * are none.
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

  /** The middles of subclips; of many, evenly taken. */
  #wantedOf(duration: number): Wanted[] {
    const count = Math.max(1, this.#subclips ?? Math.ceil(duration / this.#seconds - 1e-9));
    const length = this.#subclips === undefined ? this.#seconds : duration / count;
    const shown = Math.min(count, MOST_PICTURES);
    return Array.from({ length: shown }, (_, place) => {
      const subclip = Math.floor((place * count) / shown);
      return { subclip, from: Math.min((subclip + 0.5) * length, (subclip * length + duration) / 2) };
    });
  }
}

function sizeOf({ width, height }: Frame): { width: number; height: number } {
  const side = (own: number) => Math.max(2, 2 * Math.round((SIDE * own) / Math.max(width, height) / 2));
  return { width: side(width), height: side(height) };
}

/** The frame in fewer pixels, each the mean of those that it stands for. */
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
