import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, type InputWindow, MAXIMUM_PIXELS } from './input-arguments.ts';
import { parameterSets, SetReader } from './parameter-sets.ts';
import type { ProbedStream } from './probe-report.ts';
import { runTool } from './run-tool.ts';

/** Maximum number of pictures that an H.264 or HEVC stream may make a decoder keep. */
const MOST = 16;
/** Maximum number of reference pictures of VP9 and AV1. */
const SLOTS = 8;
/** Older codecs refer to the previous and the next picture. */
const NEIGHBOURS = 2;
/**
 * Below this many pixels the number of kept pictures hardly matters; reading the parameters would
 * cost more.
 */
const SMALL = 640 * 360;

/**
 * The maximum number of pictures that a stream's decoder keeps: reference pictures, and those
 * waiting for their turn. H.264 and HEVC state it in their parameters, for which files with larger
 * pictures are read once more; for other codecs, and if nothing is stated, it is what the codec
 * allows.
 *
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export async function keptPictures(
  path: string,
  stream: ProbedStream,
  options: {
    readonly timeout: number;
    readonly window?: InputWindow | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number> {
  const waiting = stream.has_b_frames ?? 0;
  const stated = async (codec: 'h264' | 'hevc', read: (unit: Buffer) => number | undefined): Promise<number> => {
    if ((stream.width ?? 0) * (stream.height ?? 0) < SMALL) return MOST;
    const sets = parameterSets(await parametersOf(path, stream.index, options), codec);
    const most = Math.max(0, ...sets.map((unit) => read(unit) ?? 0).filter((count) => count <= MOST));
    return most === 0 ? MOST : most;
  };
  switch (stream.codec_name) {
    case 'h264':
      return (await stated('h264', h264References)) + waiting;
    case 'hevc':
      // The packaged ffmpeg (7.0) was measured to keep one more than the stream has room for.
      return (await stated('hevc', hevcPictures)) + 1;
    case 'vp9':
    case 'av1':
      return SLOTS;
    default:
      return NEIGHBOURS + waiting;
  }
}

/**
 * Number of characters of a dump that are read: parameters are short, so anything longer is
 * something else.
 */
const LONGEST_DUMP = 1 << 16;
/** A position, up to 16 bytes in hexadecimal, and the same as text. */
const DUMPED = /[\da-f]{8}: ((?:[\da-f]{2,4} )+)/g;

async function parametersOf(
  path: string,
  index: number,
  { timeout, window, signal }: Parameters<typeof keptPictures>[2],
): Promise<Buffer> {
  const enough = new AbortController();
  let dump = '';
  try {
    await runTool(
      findFfprobe().path,
      'ffprobe',
      [
        ...['-v', 'level+error', '-select_streams', String(index), '-show_data', '-show_entries', 'stream=extradata'],
        ...['-of', 'json', ...guardedInput(path, MAXIMUM_PIXELS, window)],
      ],
      {
        timeout,
        signal: signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]),
        describe: `looking at the parameters of '${path}'`,
        onText: (text) => {
          dump += text;
          if (dump.length > LONGEST_DUMP) enough.abort();
        },
      },
    );
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  return Buffer.from([...dump.matchAll(DUMPED)].map(([, bytes = '']) => bytes.replaceAll(' ', '')).join(''), 'hex');
}

/** H.264 profiles whose parameter sets also state the format of the pictures. */
const TELLING = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/**
 * `max_num_ref_frames` of a sequence parameter set of H.264 (7.3.2.1.1); undefined for other sets.
 */
function h264References(unit: Buffer): number | undefined {
  if (((unit[0] ?? 0) & 31) !== 7) return undefined;
  const bits = new SetReader(unit);
  bits.skip(32);
  bits.number();
  if (TELLING.includes(unit[1] ?? 0)) {
    const chroma = bits.number();
    if (chroma === 3) bits.skip(1);
    bits.number();
    bits.number();
    bits.skip(1);
    const lists = bits.bit() === 0 ? 0 : chroma === 3 ? 12 : 8;
    for (let list = 0; list < lists; list += 1) if (bits.bit() === 1) skipScaling(bits, list < 6 ? 16 : 64);
  }
  bits.number();
  const order = bits.number();
  if (order === 0) bits.number();
  if (order === 1) {
    bits.skip(1);
    bits.number();
    bits.number();
    for (let left = Math.min(255, bits.number()); left > 0; left -= 1) bits.number();
  }
  return bits.number();
}

function skipScaling(bits: SetReader, size: number): void {
  let next = 8;
  for (let index = 0; index < size && next !== 0; index += 1) {
    const code = bits.number();
    next = (next + (code % 2 === 1 ? (code + 1) / 2 : -code / 2) + 256) % 256;
  }
}

/** Bits of the profile, tier and level of a whole stream of HEVC, and of one of its sub-layers. */
const PROFILE = 88;
const LEVEL = 8;

/**
 * The largest `vps_max_dec_pic_buffering` of a video parameter set of HEVC (7.3.2.1); undefined for
 * other sets.
 */
function hevcPictures(unit: Buffer): number | undefined {
  if ((((unit[0] ?? 0) >> 1) & 63) !== 32) return undefined;
  const bits = new SetReader(unit);
  bits.skip(16 + 12);
  const layers = bits.bits(3);
  bits.skip(1 + 16 + PROFILE + LEVEL);
  const present = Array.from({ length: layers === 0 ? 0 : 8 }, () => [bits.bit(), bits.bit()] as const);
  for (const [profile, level] of present.slice(0, layers)) bits.skip(PROFILE * profile + LEVEL * level);
  const stated = bits.bit() === 0 ? 1 : layers + 1;
  let most = 0;
  for (let layer = 0; layer < stated; layer += 1) {
    most = Math.max(most, bits.number() + 1);
    bits.number();
    bits.number();
  }
  return most;
}
