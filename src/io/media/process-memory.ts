import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { checkPositive } from '../../core/check.ts';
import { collectGarbage } from '../../core/collect-garbage.js';
import { UsageError } from '../../core/errors.ts';
import type { Bytes } from '../../operators/payload.ts';
import { runningDecoders } from './decoder-child.ts';
import type { VideoStreamInfo } from './media-info.ts';

/** Memory of this process and its descendants. */
export interface TreeMemory {
  readonly bytes: Bytes;
  /** Number of processes counted. */
  readonly processes: number;
  /**
   * `pss`: the sum of proportional set sizes, in which a page that several processes share counts
   * once. `rss`: this process's resident set alone, if the system has no `/proc` with
   * `smaps_rollup`.
   */
  readonly measure: 'pss' | 'rss';
}

/** Seconds between two full readings of a `MemorySampler` whose cheap look shows nothing new. */
const FULL_READING_EVERY = 4;
/**
 * A rise by less than this fraction of the peak is not worth a reading: resident set sizes
 * fluctuate by as much on their own.
 */
const SLACK = 0.01;
/**
 * The share of a limit above which garbage is collected, and the seconds between two collections.
 */
const [NEAR, COLLECT_EVERY] = [0.92, 2];
/**
 * The root, whose reading costs most, is read again when its resident set has changed by this much.
 */
const ROOT_CHANGE = 32 * 2 ** 20;

/**
 * The memory of this process and its descendants now. Costs about 16 us per megabyte in use (the
 * kernel walks the page tables); use a `MemorySampler` to look often.
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
 * The peak of `processTreeMemory()` over time, sampled every 50 ms.
 *
 * A sample is cheap (about 0.1 ms): a proportional size is assumed to change as the resident set
 * does. If the sum exceeds the peak so far by one per cent, child processes that are new or have
 * changed are read (a millisecond each), and so is the root (16 ms per GB) once it has changed by
 * 32 MiB, or after four seconds; the peak is exact to about one per cent. It blocks nothing and
 * does not keep the process alive. It sees nothing while the event loop is blocked.
 *
 * @example
 * const sampler = new MemorySampler();
 * sampler.start();
 * await extract({ inputs: ['trailers/'], out: 'features/' });
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
  /** Near this sum garbage is collected. */
  #near: Bytes = Number.POSITIVE_INFINITY;
  #lastCollected = Number.NEGATIVE_INFINITY;

  /** @param options.root - process id of the tree's root; this process's by default. */
  constructor(options: { everyMilliseconds?: number | undefined; root?: number | undefined } = {}) {
    this.#root = options.root ?? process.pid;
    this.#every = checkPositive('everyMilliseconds', options.everyMilliseconds ?? 50);
  }

  /** The highest sum read, in bytes; kept from one `start` to the next. */
  get peak(): Bytes {
    return this.#peak;
  }

  /**
   * From now on collects this process's garbage, at most every two seconds, when the sum comes near
   * a limit: the engine lets a heap grow by tens of megabytes before it does so on its own.
   */
  hold(limit: Bytes): void {
    this.#near = NEAR * limit;
  }

  /** Number of samples taken. */
  get looks(): number {
    return this.#looks;
  }

  /** Takes a sample now and at every interval. @throws UsageError if it is already running. */
  start(): void {
    if (this.#timer !== undefined) throw new UsageError('`start` must not be called on a running MemorySampler');
    this.#look(true);
    this.#timer = setInterval(() => this.#look(false), this.#every);
    this.#timer.unref();
  }

  /** Takes a last sample and stops. Does nothing if it is not running. */
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
    // As a rule, processes are started by the main thread, and decoders by a thread that reports
    // them; a full reading covers the children of all threads.
    const decoders = this.#root === process.pid ? runningDecoders() : [];
    const others = new Set([...this.#known.keys(), ...childrenOfThread(this.#root, this.#root), ...decoders]);
    others.delete(this.#root);
    if (root === undefined) return;
    const sum = this.#estimate(others);
    if (sum > this.#near && performance.now() - this.#lastCollected > COLLECT_EVERY * 1000) {
      this.#lastCollected = performance.now();
      collectGarbage();
    }
    if (sum <= this.#peak * (1 + SLACK)) return;
    if (Math.abs(residentSize(this.#root) - root.resident) > ROOT_CHANGE) {
      void this.#readAllAside();
      return;
    }
    // Together, what is not read again is off by no more than the slack.
    const change = (SLACK * this.#peak) / Math.max(1, others.size);
    for (const pid of others) {
      const known = this.#known.get(pid);
      if (known === undefined || Math.abs(residentSize(pid) - known.resident) > change) this.#read(pid);
    }
    this.#peak = Math.max(this.#peak, this.#estimate(others));
  }

  /**
   * What the root and these processes use now, estimated from their last readings and the change of
   * their resident sets since.
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
   * Like `#readAll`, while this thread continues: the kernel walks the tables of a large process
   * for tens of milliseconds.
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

/** What determines the memory of a video's decoders. */
export interface DecoderNeeds {
  /** Pixels of a stored picture; 0 if no video is decoded. */
  readonly pixels: number;
  /** Whether audio is decoded. */
  readonly audio: boolean;
  /**
   * Pixels of a stored picture of the file, decoded or not: opening a file decodes one to find its
   * format. Default `pixels`.
   */
  readonly filePixels?: number | undefined;
  /** Bytes read ahead and kept while searching for streams that begin late. Default 0. */
  readonly lookAhead?: Bytes | undefined;
  /** The video stream, if known: some keep many pictures, or large ones. */
  readonly video?: Pick<VideoStreamInfo, 'pixelFormat' | 'keptPictures'> | undefined;
}

/**
 * The memory to plan for the decoders of one video, both processes together. Measured peaks (PSS,
 * one decoder thread, h264 with B-frames, ffmpeg 5.1 and 7.0), rounded up.
 */
export function decoderMemory({ pixels, audio, filePixels = pixels, lookAhead = 0, video }: DecoderNeeds): Bytes {
  checkPositive('pixels', pixels, { zero: true });
  const perPixel = Math.max(VIDEO_DECODER_PER_PIXEL, video === undefined ? 0 : bytesOfKept(video));
  const pictures = pixels === 0 ? 0 : Math.ceil(VIDEO_DECODER_BASE + perPixel * pixels);
  const sound = audio ? Math.max(AUDIO_DECODER, AUDIO_DECODER_BASE + AUDIO_DECODER_PER_PIXEL * filePixels) : 0;
  return pictures + sound + lookAhead;
}

/** Bytes per pixel of the pictures that a decoder keeps. */
function bytesOfKept({ pixelFormat, keptPictures = 0 }: Pick<VideoStreamInfo, 'pixelFormat' | 'keptPictures'>): Bytes {
  return (keptPictures + PICTURES_AT_WORK) * (bytesPerPixel(pixelFormat) + MOTION_PER_PIXEL);
}

/**
 * Bytes per pixel by ffmpeg's name for the format; for formats without a rule, those of the
 * largest.
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
/** Pictures besides those that are kept: the one being decoded, and those the filters hold. */
const PICTURES_AT_WORK = 1.5;
// Motion data that H.264 keeps for each picture; HEVC keeps a little more, others less.
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
