import { renamedError } from '../../core/renamed-error.ts';
import type { PullSource } from '../../operators/source.ts';
import type { HeldFile, Video } from './video.ts';

/**
 * The source that `open` returns for a video's file, which is held until the source is closed; its
 * errors name the video, not the copy.
 *
 * @param open - returns undefined if there is nothing to read.
 */
export async function heldSource<T>(
  video: Video,
  signal: AbortSignal | undefined,
  open: (file: string) => Promise<PullSource<T> | undefined>,
): Promise<PullSource<T>> {
  const held = await video.hold({ signal });
  let source: PullSource<T> | undefined;
  try {
    source = await open(held.path);
  } catch (error) {
    await held.release(true);
    throw renamedError(error, held.path, video.path);
  }
  if (source === undefined) {
    await held.release(true);
    return { next: () => undefined };
  }
  return video.isFar ? new HeldSource(source, held, video.path) : source;
}

class HeldSource<T> implements PullSource<T> {
  readonly #source: PullSource<T>;
  readonly #held: HeldFile;
  readonly #name: string;

  constructor(source: PullSource<T>, held: HeldFile, name: string) {
    this.#source = source;
    this.#held = held;
    this.#name = name;
  }

  async next(): Promise<T | undefined> {
    try {
      return await this.#source.next();
    } catch (error) {
      throw renamedError(error, this.#held.path, this.#name);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#source.close?.();
    } finally {
      await this.#held.release(true);
    }
  }
}
