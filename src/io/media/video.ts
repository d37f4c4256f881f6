import { type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { Breather } from '../../core/breather.ts';
import { checkString, shown } from '../../core/check.ts';
import { MediaError, UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { renamedError } from '../../core/renamed-error.ts';
import { sortInTurns } from '../../core/sort-in-turns.ts';
import { wordsOf } from '../../core/words-of.ts';
import type { Frame } from '../../operators/frame.ts';
import type { Patch } from '../../operators/patch.ts';
import { farAddress, isFarAddress } from '../far/far-address.ts';
import { type ContentPlace, FarContent } from '../far/far-content.ts';
import { InputCopies } from '../far/input-copies.ts';
import { type AudioOptions, audio } from './audio.ts';
import { type FramesOptions, frames } from './frames.ts';
import { type IdRule, isFarFolder, itemId, sourceOf } from './item-id.ts';
import { measureLengths, withDecodedAudio } from './lengths.ts';
import { lookThrough, type PassedOver } from './media-directory.ts';
import type { MediaInfo } from './media-info.ts';
import { probe } from './probe.ts';
import { pulled } from './pull.ts';
import { SharedWork } from './shared-work.ts';
import { hasMediaExtension } from './sniff.ts';

/** What a video is given besides its path. */
export interface VideoOptions {
  /** Its id in a dataset. Default: the file name without extension. */
  readonly id?: string | undefined;
  readonly source?: string | undefined;
  readonly more?: Readonly<Record<string, string>> | undefined;
  /** Where copies are made while it is remote and in use. @internal */
  readonly copies?: InputCopies | undefined;
}

const knownOfVideo: KnownOptions<VideoOptions> = { id: true, source: true, more: true, copies: true };

/** A file that is available locally. */
export interface HeldFile {
  /** On this machine. */
  readonly path: string;
  /** Releases it; `true`: it may be needed again soon. */
  release(keep?: boolean): Promise<void>;
}

/**
 * A media file, by name: cheap, because nothing is opened until `probe`, `frames` or `audio`. It
 * may be remote (`https://`, `s3://`); then a copy is kept in the temporary directory while it is
 * in use.
 *
 * @example
 * const clip = video('trailers/heat.mp4');
 * const { duration } = await clip.probe();
 */
export class Video {
  /** Its path; for a remote file its address, without the query. */
  readonly path: string;
  /** The file name without extension, unless given. */
  readonly id: string;
  /**
   * The directory, glob or manifest that it was found by, absolute; undefined for a file that was
   * named directly.
   */
  readonly source: string | undefined;
  /** What a manifest says about it besides its path and its id. */
  readonly more: Readonly<Record<string, string>> | undefined;
  /** Computed on demand: in a large corpus most are never needed. */
  #look: SharedWork<MediaInfo> | undefined;
  #info: MediaInfo | undefined;
  readonly #far: FarContent | undefined;
  /** Hash of the copy that was probed, for a remote file. */
  #lookedAt: string | undefined;

  constructor(path: string, options: VideoOptions = {}) {
    checkKnownOptions('video', options, knownOfVideo);
    const address = isFarAddress(checkString('path', path)) ? farAddress(path) : undefined;
    this.path = address?.shown ?? path;
    this.#far = address && new FarContent(address, options.copies ?? InputCopies.ofProcess);
    this.id = options.id === undefined ? itemId(path, 'stem', undefined) : checkString('id', options.id);
    this.source = options.source;
    this.more = options.more;
  }

  /**
   * Reads the headers once, however many callers ask: later calls return the first one's result. A
   * failed probe is tried again. A caller that is aborted stops waiting; the probe itself ends when
   * all its callers are aborted.
   *
   * @throws MediaError like `probe` of a file; FlowError `aborted`.
   */
  async probe(options: { signal?: AbortSignal | undefined } = {}): Promise<MediaInfo> {
    while (this.#info === undefined) {
      this.#look ??= new SharedWork((signal) => this.#lookAtHeaders(signal), `looking at '${this.path}'`);
      const look = this.#look;
      const found = await look.result(options.signal);
      // It may have been measured meanwhile; or other bytes are at hand, which are to be looked at.
      if (this.#look === look) this.#info ??= found;
    }
    return this.#info;
  }

  async #lookAtHeaders(signal: AbortSignal): Promise<MediaInfo> {
    if (this.#far === undefined) return probe(this.path, { signal });
    const { copy, release } = await this.#far.hold(signal);
    this.#lookedAt = copy.sha256;
    return this.#reading(copy.path, release, (file) => probe(file, { signal }));
  }

  /**
   * Measures the lengths of the streams by reading every packet, if that has not been done; from
   * then on `info` and `duration` are the measured values. For files whose streams turn out to have
   * a different length than they state: see `stopInDoubt`. Audio that turned out longer than its
   * packets (`heard`) gets the length that was decoded.
   *
   * @throws MediaError `empty` if there are no packets, `timeout`; errors of `probe`; FlowError
   * `aborted`.
   * @example
   * const joined = video('trailers/heat.mpg');
   * await joined.measure();
   * joined.duration; // what the packets have, joined recordings included
   */
  async measure(
    options: { signal?: AbortSignal | undefined; decodedAudio?: number | undefined } = {},
  ): Promise<MediaInfo> {
    const info = await this.probe(options);
    if (info.measured && options.decodedAudio === undefined) return info;
    const packets = info.measured
      ? info
      : await this.#withFile((file) => measureLengths(file, info, options.signal), options.signal);
    const measured = options.decodedAudio === undefined ? packets : withDecodedAudio(packets, options.decodedAudio);
    if (measured.video === undefined && measured.audio === undefined)
      throw new MediaError('empty', `'${this.path}' has headers, but holds no media`);
    this.#info = measured;
    return measured;
  }

  /**
   * The frames of the video for a loop, with no flow to set up: see the function `frames`; the
   * default of `resize` is `crop` here. Decodes on demand, at most 16 MiB ahead; leaving the loop
   * ends the decoder. A frame is valid until the next one is requested: copy what you want to keep.
   *
   * @throws like `frames`: errors in the options at once, errors in the file while looping.
   *
   * @example
   * const small = { fps: 1, width: 320, height: 180 } as const;
   * for await (const frame of video('clip.mp4').frames(small)) if (Math.max(...frame.data) < 16) break;
   */
  frames(options: Omit<FramesOptions, 'scope'> = {}): AsyncIterable<Frame> {
    return pulled(this.id, (scope) => frames(this, { ...options, resize: options.resize ?? 'crop', scope }));
  }

  /**
   * The audio of the video in patches for a loop, with no flow to set up: see the function `audio`,
   * and `frames` here.
   *
   * @example
   * for await (const patch of video('clip.mp4').audio()) console.log(patch.time, Math.max(...patch.data));
   */
  audio(options: Omit<AudioOptions, 'scope'> = {}): AsyncIterable<Patch> {
    return pulled(this.id, (scope) => audio(this, { ...options, scope }));
  }

  /** Where its content is: what its hash is computed from. @internal */
  get content(): ContentPlace {
    return this.#far ?? this.path;
  }

  /**
   * Keeps a local copy of a remote file, so that everything done meanwhile sees the same bytes;
   * does nothing for a local file.
   *
   * @returns the path of the file or its copy, and a function that releases it.
   * @throws MediaError `not-found`, `forbidden`, `too-large`, `unreachable`, `empty`; SystemError
   * `disk-full`, `object-store`; FlowError `aborted`.
   *
   * @example
   * const held = await video('https://films.example.org/heat.mp4').hold();
   * await held.release();
   */
  async hold(options: { signal?: AbortSignal | undefined } = {}): Promise<HeldFile> {
    if (this.#far === undefined) return { path: this.path, release: async () => {} };
    const { copy, release } = await this.#far.hold(options.signal);
    if (copy.sha256 !== this.#lookedAt) {
      // What was found in other bytes does not apply to these.
      this.#info = undefined;
      this.#look = undefined;
      this.#lookedAt = copy.sha256;
    }
    return { path: copy.path, release: (keep = false) => release(keep) };
  }

  /** The file that decoders read: the local copy of a remote file. @internal */
  get file(): string {
    if (this.#far === undefined) return this.path;
    const { atHand } = this.#far;
    if (atHand === undefined) throw new UsageError(`there is no local copy of '${this.path}': hold it first`);
    return atHand.path;
  }

  /**
   * Bytes of the file, 0 if it cannot be read; undefined for a remote one that has not been
   * fetched.
   * @internal
   */
  async size(): Promise<number | undefined> {
    return this.#far === undefined ? sizeOf(this.path) : this.#far.size;
  }

  /** Whether it is remote. @internal */
  get isFar(): boolean {
    return this.#far !== undefined;
  }

  async #withFile<T>(work: (file: string) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { path, release } = await this.hold({ signal });
    return this.#reading(path, release, work);
  }

  /** Reads a file that is at hand, and lets it go. */
  async #reading<T>(
    path: string,
    release: (keep: boolean) => Promise<void>,
    work: (file: string) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(path);
    } catch (error) {
      throw renamedError(error, path, this.path);
    } finally {
      await release(true);
    }
  }

  /** What `probe` found. @throws UsageError before `probe` has succeeded. */
  get info(): MediaInfo {
    if (this.#info === undefined)
      throw new UsageError(`\`probe()\` of video '${this.id}' must have succeeded before \`info\` is read`);
    return this.#info;
  }

  /**
   * Seconds from the container's start to the end: see `MediaInfo`.
   * @throws UsageError before `probe` has succeeded.
   */
  get duration(): number {
    return this.info.duration;
  }
}

/**
 * A media file, by name; see `Video`.
 *
 * @param options.id - its id in a dataset; default the file name without extension.
 *
 * @example
 * for await (const frame of video('clip.mp4').frames({ fps: 1 })) console.log(frame.time);
 */
export function video(path: string, options: { id?: string | undefined } = {}): Video {
  return new Video(path, options);
}

/** How `videos` searches directories. */
export interface VideosOptions {
  /**
   * Called with the files in a directory that are skipped, once for each directory that has any.
   */
  readonly onPassedOver?: ((files: readonly PassedOver[]) => void) | undefined;
  /** How a file gets its id. Default `stem`. */
  readonly id?: IdRule | undefined;
  /** Where copies of remote files are made. @internal */
  readonly copies?: InputCopies | undefined;
}

const knownOfVideos: KnownOptions<VideosOptions> = { onPassedOver: true, id: true, copies: true };

/**
 * The media files that an input names: a file, a directory (all files in and below it with an
 * extension of `MEDIA_EXTENSIONS`), a glob, an address (`https://`, `s3://bucket/name`, and
 * `s3://bucket/prefix/` as a directory), or a list of these. Sorted by path within each input; a
 * path named by several inputs appears once. A named file that does not exist is included; probing
 * it reports that it is unreadable.
 *
 * @throws UsageError if an input is not a path, or a directory or glob holds no media files.
 * @example
 * for await (const video of videos(['trailers/', 'more/*.mkv'])) console.log(video.id);
 */
export async function* videos(
  input: string | readonly string[],
  options: VideosOptions = {},
): AsyncGenerator<Video, void, undefined> {
  checkKnownOptions('videos', options, knownOfVideos);
  const breather = new Breather();
  const inputs = typeof input === 'string' ? [input] : input;
  let place = 0;
  for await (const paths of mediaPaths(inputs, options)) {
    // One list for each input.
    const source = sourceOf(inputs[place] as string);
    place += 1;
    for (const path of paths) {
      yield new Video(path, { id: itemId(path, options.id ?? 'stem', source), source, copies: options.copies });
      if (breather.isDue) await breather.rest();
    }
  }
}

/** The paths of `videos`, grouped by input. @throws UsageError like `videos`. */
export async function* mediaPaths(
  input: string | readonly string[],
  options: VideosOptions = {},
): AsyncGenerator<readonly string[], void, undefined> {
  const inputs = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw new UsageError(`\`input\` must be a path or a non-empty list of paths, but is ${shown(input)}`);
  }
  const given = new Set<string>();
  const breather = new Breather();
  for (const one of inputs) {
    const paths = await pathsOf(checkString('input', one), options);
    // A single input names nothing twice.
    if (inputs.length === 1) return yield paths;
    const fresh: string[] = [];
    for (const path of paths) {
      const whole = isFarAddress(path) ? path : resolve(path);
      if (!given.has(whole)) fresh.push(path);
      given.add(whole);
      if (breather.isDue) await breather.rest();
    }
    yield fresh;
  }
}

async function pathsOf(input: string, options: VideosOptions): Promise<readonly string[]> {
  if (isFarAddress(input)) return isFarFolder(input) ? farFilesBelow(input, options) : [input];
  let kind: Stats | undefined;
  try {
    kind = statSync(input, { throwIfNoEntry: false });
  } catch (error) {
    throw new UsageError(`\`input\` '${input}' cannot be accessed: ${wordsOf(error)}`, { cause: error });
  }
  if (kind === undefined && !isDynamicPattern(input)) return [input];
  if (kind !== undefined && !kind.isDirectory()) return [input];
  const found =
    kind === undefined
      ? await sortInTurns(
          await glob(input, { expandDirectories: false, absolute: isAbsolute(input) }),
          (left, right) => (left < right ? -1 : 1),
        )
      : await mediaFilesBelow(input, options);
  if (found.length === 0) {
    throw new UsageError(kind === undefined ? `no file matches '${input}'` : `no media file is in '${input}'`, {
      code: 'no-inputs',
    });
  }
  return found;
}

async function mediaFilesBelow(directory: string, { onPassedOver }: VideosOptions): Promise<readonly string[]> {
  const { media, passedOver } = await lookThrough(directory);
  if (passedOver.length > 0) onPassedOver?.(passedOver);
  return media;
}

async function farFilesBelow(
  folder: string,
  { onPassedOver, copies = InputCopies.ofProcess }: VideosOptions,
): Promise<readonly string[]> {
  const media: string[] = [];
  const passedOver: PassedOver[] = [];
  for await (const { address, name } of copies.list(folder)) {
    if (name.endsWith('/') || name.split('/').some((part) => part.startsWith('.') || part === '')) continue;
    if (hasMediaExtension(name)) media.push(address);
    else passedOver.push({ path: address, why: 'extension' });
  }
  if (passedOver.length > 0) onPassedOver?.(passedOver);
  if (media.length === 0) throw new UsageError(`no media file is in '${folder}'`, { code: 'no-inputs' });
  return sortInTurns(media, (left, right) => (left < right ? -1 : 1));
}

/** Bytes of a file, 0 if it cannot be read; opening it reports why. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
