import { classifyLine } from './decoder-log.ts';
import { findFfmpeg } from './ffmpeg.ts';
import { guardedInput, MAXIMUM_PIXELS } from './input-arguments.ts';
import { isHeaderless } from './lengths.ts';
import type { AudioStreamInfo, MediaInfo, VideoStreamInfo } from './media-info.ts';
import { runTool } from './run-tool.ts';
import { packetsWithTags } from './tags-between.ts';

/** Where in a stream its decoder complains. */
export interface Complaints {
  /** Before the first frame has been decoded. */
  readonly before: number;
  /** In between. */
  readonly inside: number;
  /** After the last one, or in the last fiftieth. */
  readonly behind: number;
  /** About a tag between recordings that were joined. */
  readonly ofTags: number;
}

/** Share at the end of a stream in which a complaint is no reason to discard the rest. */
const TAIL = 0.02;
/**
 * Number of frames by which ffmpeg's demuxer and decoder run ahead of its filters, and may complain
 * early. Complaints about a picture's *content*, as opposed to a refused packet, come when that
 * picture is decoded.
 */
const AHEAD = 16;
const REFUSED =
  /Error submitting packet|Error while decoding stream|Error during demuxing|Header missing|Invalid (block|data|frame|packet|header)|Invalid data found|no frame!|packet|demux/i;

/** Lines printed for a refused packet. Other damage near a tag prints further lines. */
const LINES_OF_REFUSAL = 2;
/**
 * Number of frames by which the lines about a tag may come early or late: how far ahead the
 * decoder's thread runs is a matter of chance.
 */
const NEAR_A_TAG = 256;

const TIMEOUT = 60 * 60_000;

/**
 * Decodes a stream again, only to find the frame of each complaint: ffmpeg prints the frames' times
 * into its log. Stops at the first complaint that cannot be at either end. Only used for streams
 * with complaints.
 *
 * @throws MediaError `timeout`; SystemError `decoder-missing`; FlowError `aborted`.
 */
export async function whereItComplains(
  path: string,
  info: MediaInfo,
  stream: VideoStreamInfo | AudioStreamInfo,
  signal?: AbortSignal,
): Promise<Complaints> {
  const others = [...info.codecs].filter(([index, name]) => index !== stream.index && name !== stream.codec);
  const isAudio = 'channels' in stream;
  const seen = new Places(
    others.map(([, name]) => name),
    isAudio,
    isAudio && isHeaderless(info.container) ? await packetsWithTags(path, stream.index, signal) : [],
  );
  const enough = new AbortController();
  const marks = `${isAudio ? 'a' : ''}metadata`;
  const filters = `${marks}=mode=add:key=t:value=1,${marks}=mode=print:key=t:file=pipe\\\\:2:direct=1`;
  try {
    await runTool(
      findFfmpeg().path,
      'ffmpeg',
      [
        ...['-v', 'level+error', '-nostdin', '-hide_banner', '-threads', '1', '-copyts'],
        ...guardedInput(path, MAXIMUM_PIXELS, { lookAhead: stream.late === true, end: info.readableBytes }),
        ...['-map', `0:${stream.index}`, '-filter_threads', '1', isAudio ? '-af' : '-vf', filters],
        ...(isAudio ? ['-c:a', 'pcm_s16le'] : ['-c:v', 'wrapped_avframe', '-fps_mode', 'passthrough']),
        ...['-f', 'null', '-'],
      ],
      {
        timeout: TIMEOUT,
        signal: signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]),
        describe: `looking for damage in '${path}'`,
        onLog: (text) => {
          if (seen.write(text)) enough.abort();
        },
      },
    );
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  return seen.end();
}

/** Reads a log in which the frames' own lines are interleaved with the complaints. */
class Places {
  readonly #otherCodecs: readonly string[];
  readonly #isAudio: boolean;
  readonly #complaints: { readonly at: number; readonly early: boolean }[] = [];
  /**
   * For each packet that begins with a tag: its number, and the lines that may still be printed
   * about it.
   */
  readonly #tags: { readonly packet: number; lines: number }[];
  #aboutTags = 0;
  #frames = 0;
  #open = '';

  constructor(otherCodecs: readonly string[], isAudio: boolean, tags: readonly number[]) {
    this.#otherCodecs = otherCodecs;
    this.#isAudio = isAudio;
    this.#tags = tags.map((packet) => ({ packet, lines: LINES_OF_REFUSAL }));
  }

  /** @returns whether a complaint is known to be inside. */
  write(text: string): boolean {
    const lines = (this.#open + text).split('\n');
    this.#open = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) this.#take(line);
    const first = this.#complaints.find(({ at }) => at > 0);
    return first !== undefined && this.#isInside(first, this.#frames);
  }

  end(): Complaints {
    this.#take(this.#open);
    const before = this.#complaints.filter(({ at }) => at === 0).length;
    const inside = this.#complaints.filter((complaint) => complaint.at > 0 && this.#isInside(complaint, this.#frames));
    const behind = this.#complaints.length - before - inside.length;
    return { before, inside: inside.length, behind, ofTags: this.#aboutTags };
  }

  /**
   * Whether the refused packet begins with a tag: its frame is still to come, and packets before it
   * may have produced none.
   */
  #isAboutTag(): boolean {
    // Not recognised by its words: a frame's own line may interrupt them.
    const tag = this.#tags.find(({ packet, lines }) => lines > 0 && Math.abs(packet - this.#frames) <= NEAR_A_TAG);
    if (tag !== undefined) tag.lines -= 1;
    return tag !== undefined;
  }

  #isInside({ at, early }: { readonly at: number; readonly early: boolean }, frames: number): boolean {
    return at < (1 - TAIL) * frames - (early ? AHEAD : 0);
  }

  /** A thread's output can land in the middle of another's line. */
  #take(line: string): void {
    const rest = line.replace(/frame:\d+ +pts:.*$|t=1$/, '');
    if (/frame:\d+ +pts:/.test(line)) this.#frames += 1;
    if (rest.trim() === '' || classifyLine(rest, this.#otherCodecs) !== 'damage') return;
    if (this.#isAboutTag()) this.#aboutTags += 1;
    else this.#complaints.push({ at: this.#frames, early: this.#isAudio || REFUSED.test(rest) });
  }
}
