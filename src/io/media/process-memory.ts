import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Bytes } from '../../operators/payload.ts';
import { runningDecoders } from './decoder-child.ts';
import type { VideoStreamInfo } from './media-info.ts';

/** Memory of this process and of all processes below it. */
export interface TreeMemory {
  readonly bytes: Bytes;
  /** Processes counted. */
  readonly processes: number;
  /**
   * `pss`: the sum of proportional set sizes, in which a page that several processes share counts
   * once. `rss`: this process's resident set alone, where the system has no `/proc` with
   * `smaps_rollup`.
   */
  readonly measure: 'pss' | 'rss';
}

/** Seconds between two full readings of a `MemorySampler` whose cheap look shows nothing new. */
const FULL_READING_EVERY = 4;
/**
 * A rise by less than this part of the peak is not worth a reading: resident set sizes waver by as
 * much on their own.
 */
const SLACK = 0.01;
/**
 * The root, whose reading costs most, is read again when its resident set has changed by this much.
 */
const ROOT_CHANGE = 32 * 2 ** 20;

/**
 * The memory of this process and its descendants now. Costs about 16 us per megabyte in use (the
 * kernel walks the page tables): for frequent looks take a `MemorySampler`.
 *
 * @param root process id of the tree's root; without `/proc` only this process can be measured.
 *
 * @example
 * processTreeMemory().bytes / 2 ** 20; // MiB
 */
export function processTreeMemory(root: number = process.pid): TreeMemory {
  if (!existsSync('/proc/self/smaps_rollup')) return { bytes: process.memoryUsage.rss(), processes: 1, measure: 'rss' };
  const sizes = processTree(root).map(proportionalSize);
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), processes: sizes.length, measure: 'pss' };
}

/**
 * The peak of `processTreeMemory()` over time, looked at every 50 ms.
 *
 * A look is cheap (about 0.1 ms): a proportional size is taken to change as the resident set does.
 * Where the sum exceeds the peak so far by one per cent the child processes are read again (a
 * millisecond each), and the root too (16 ms per GB) once it has changed by 32 MiB, or after four
 * seconds: the peak is exact to about one per cent. It blocks nothing and keeps no process alive.
 * It sees nothing while the event loop is blocked.
 *
 * @example
 * const sampler = new MemorySampler();
 * sampler.start();
 * await work();
 * sampler.stop();
 * sampler.peak; // bytes
 */
export class MemorySampler {
  readonly #every: number;
  readonly #root: number;
  readonly #known = new Map<number, { proportional: Bytes; resident: Bytes }>();
  #timer: NodeJS.Timeout | undefined;
  #peak: Bytes = 0;
  #lastFull = Number.NEGATIVE_INFINITY;
  #reading = false;
  #looks = 0;

  /** @param options.root process id of the tree that is looked at; this process's by default. */
  constructor(options: { everyMilliseconds?: number | undefined; root?: number | undefined } = {}) {
    this.#root = options.root ?? process.pid;
    this.#every = checkPositive('everyMilliseconds', options.everyMilliseconds ?? 50);
  }

  /** The highest sum read, bytes; kept from one `start` to the next. */
  get peak(): Bytes {
    return this.#peak;
  }

  /** How many times it has looked. */
  get looks(): number {
    return this.#looks;
  }

  /** Looks now and every interval from now on. @throws UsageError when it runs already. */
  start(): void {
    if (this.#timer !== undefined) throw new UsageError('`start` must not be called on a running MemorySampler');
    this.#look(true);
    this.#timer = setInterval(() => this.#look(false), this.#every);
    this.#timer.unref();
  }

  /** Looks a last time and stops. Does nothing when it does not run. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#look(true);
  }

  #look(full: boolean): void {
    this.#looks += 1;
    const old = performance.now() - this.#lastFull > FULL_READING_EVERY * 1000;
    if (full || !existsSync('/proc/self/smaps_rollup')) {
      this.#readAll();
      return;
    }
    if (old) {
      void this.#readAllAside();
      return;
    }
    if (this.#reading) return;
    const root = this.#known.get(this.#root);
    // Processes are started by the main thread, as a rule, and decoders by a thread that tells
    // them; a full reading looks at the children of all threads.
    const decoders = this.#root === process.pid ? runningDecoders() : [];
    const others = new Set([...this.#known.keys(), ...childrenOfThread(this.#root, this.#root), ...decoders]);
    others.delete(this.#root);
    if (root === undefined || this.#estimate(others) <= this.#peak * (1 + SLACK)) return;
    if (Math.abs(residentSize(this.#root) - root.resident) > ROOT_CHANGE) {
      void this.#readAllAside();
      return;
    }
    for (const pid of others) this.#read(pid);
    this.#peak = Math.max(this.#peak, this.#estimate(others));
  }

  /**
   * What the root and these processes have now, by their last readings and how their resident sets
   * have changed since.
   */
  #estimate(others: ReadonlySet<number>): Bytes {
    let sum = 0;
    for (const pid of [this.#root, ...others]) {
      const resident = residentSize(pid);
      const known = this.#known.get(pid);
      const change = known === undefined ? 0 : resident - known.resident;
      sum += known === undefined ? resident : Math.min(resident, Math.max(0, known.proportional + change));
    }
    return sum;
  }

  #read(pid: number): Bytes {
    const resident = residentSize(pid);
    const proportional = proportionalSize(pid);
    if (resident === 0) this.#known.delete(pid);
    else this.#known.set(pid, { proportional, resident });
    return proportional;
  }

  /**
   * As `#readAll`, while this thread continues: the kernel walks the tables of a large process for
   * tens of milliseconds.
   */
  async #readAllAside(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    this.#lastFull = performance.now();
    const read = processTree(this.#root).map(async (pid) => {
      const resident = residentSize(pid);
      // A process that has ended has no size.
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
      return { pid, resident, proportional: proportionalIn(text) };
    });
    const sizes = await Promise.all(read);
    this.#reading = false;
    this.#known.clear();
    for (const { pid, resident, proportional } of sizes) {
      if (resident > 0) this.#known.set(pid, { proportional, resident });
    }
    this.#peak = Math.max(
      this.#peak,
      sizes.reduce((sum, { proportional }) => sum + proportional, 0),
    );
  }

  #readAll(): void {
    this.#lastFull = performance.now();
    this.#known.clear();
    if (!existsSync('/proc/self/smaps_rollup')) {
      this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
      return;
    }
    const sum = processTree(this.#root).reduce((total, pid) => total + this.#read(pid), 0);
    this.#peak = Math.max(this.#peak, sum);
  }
}

/** What decides the memory of the decoders of one video. */
export interface DecoderNeeds {
  /** Of a stored picture; 0 where no pictures are decoded. */
  readonly pixels: number;
  /** Whether sound is decoded. */
  readonly audio: boolean;
  /**
   * Of a stored picture of the file, decoded or not: whoever opens a file decodes one to know its
   * form. Default `pixels`.
   */
  readonly filePixels?: number | undefined;
  /** Bytes that are read ahead and kept in search of streams that begin late. Default 0. */
  readonly lookAhead?: Bytes | undefined;
  /** The stream of pictures, where it is known: some keep many pictures, or large ones. */
  readonly video?: Pick<VideoStreamInfo, 'pixelFormat' | 'keptPictures'> | undefined;
}

/**
 * The memory to plan for the decoders of one video, both its processes together. Measured peaks
 * (PSS, one decoder thread, h264 with B-frames, ffmpeg 5.1 and 7.0), rounded up.
 */
export function decoderMemory({ pixels, audio, filePixels = pixels, lookAhead = 0, video }: DecoderNeeds): Bytes {
  checkPositive('pixels', pixels, { zero: true });
  const perPixel = Math.max(VIDEO_DECODER_PER_PIXEL, video === undefined ? 0 : bytesOfKept(video));
  const pictures = pixels === 0 ? 0 : Math.ceil(VIDEO_DECODER_BASE + perPixel * pixels);
  const sound = audio ? Math.max(AUDIO_DECODER, AUDIO_DECODER_BASE + AUDIO_DECODER_PER_PIXEL * filePixels) : 0;
  return pictures + sound + lookAhead;
}

/** Per pixel, what a decoder keeps of pictures. */
function bytesOfKept({ pixelFormat, keptPictures = 0 }: Pick<VideoStreamInfo, 'pixelFormat' | 'keptPictures'>): Bytes {
  return (keptPictures + PICTURES_AT_WORK) * (bytesPerPixel(pixelFormat) + MOTION_PER_PIXEL);
}

/**
 * Bytes of a pixel by ffmpeg's name of the format: of those that have no rule, what the largest
 * have.
 */
function bytesPerPixel(pixelFormat: string): Bytes {
  const [, alpha, layout] = /^yuv(a?)j?(4\d\d)p/.exec(pixelFormat) ?? [];
  const deep = /(9|10|12|14|16)(le|be)$/.test(pixelFormat) ? 2 : 1;
  if (layout !== undefined) return deep * ((SAMPLES_PER_PIXEL[layout] ?? 3) + (alpha === 'a' ? 1 : 0));
  if (/^nv(12|21)$/.test(pixelFormat)) return 1.5;
  if (/^gray|^pal8$/.test(pixelFormat)) return deep;
  if (/^(gbrp|rgb24|bgr24)/.test(pixelFormat)) return 3 * deep;
  return /^(rgba|bgra|argb|abgr|gbrap|[rgb]{3}0|0[rgb]{3})/.test(pixelFormat) ? 4 * deep : 8;
}

const SAMPLES_PER_PIXEL: Readonly<Record<string, number>> = { 410: 1.125, 411: 1.5, 420: 1.5, 422: 2, 440: 2, 444: 3 };

// 57 MB at 320 x 180, 68 at 720p, 78 at 1080p, 145 at 2160p with 5.1 and 3 reference frames; 7.0 is
// lower.
const VIDEO_DECODER_BASE = 58 * 2 ** 20;
const VIDEO_DECODER_PER_PIXEL = 16;
/** Pictures beside those that are kept: the one that is decoded, and what the filters hold. */
const PICTURES_AT_WORK = 1.5;
// What H.264 keeps of the motion in each picture; of HEVC it is a little more, of others less.
const MOTION_PER_PIXEL = 0.6;
const AUDIO_DECODER = 58 * 2 ** 20;
// 22 MB beside small pictures, 103 beside 7680 x 4320 with 7.0.
const AUDIO_DECODER_BASE = 26 * 2 ** 20;
const AUDIO_DECODER_PER_PIXEL = 3;

/** A process, this one by default, and all below it. */
function processTree(root: number = process.pid): number[] {
  const found = [root];
  for (let index = 0; index < found.length; index++) found.push(...childrenOf(found[index] as number));
  return found;
}

function childrenOf(pid: number): number[] {
  const threads = ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) => childrenOfThread(pid, Number(thread)));
}

function childrenOfThread(pid: number, thread: number): number[] {
  const text = ifThere(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')) ?? '';
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

function proportionalSize(pid: number): Bytes {
  return proportionalIn(ifThere(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? '');
}

const proportionalIn = (text: string): Bytes => Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;

function residentSize(pid: number): Bytes {
  const text = ifThere(() => readFileSync(`/proc/${pid}/statm`, 'latin1')) ?? '';
  return Number(text.split(' ')[1] ?? 0) * pageSize();
}

let pageBytes: Bytes | undefined;

/** Bytes of a memory page: entry 6 of the kernel's auxiliary vector, pairs of 64-bit words. */
function pageSize(): Bytes {
  if (pageBytes === undefined) {
    const words = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
    const at = words.findIndex((word, index) => index % 2 === 0 && word === 6n);
    pageBytes = at < 0 ? 4096 : Number(words[at + 1]);
  }
  return pageBytes;
}

/** A process or thread that has ended meanwhile uses nothing. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
