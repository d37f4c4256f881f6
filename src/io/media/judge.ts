import { type Complaints, whereItComplains } from './complaints.ts';
import type { DecoderExit } from './decoder-child.ts';
import type { DecoderLog } from './decoder-log.ts';
import { encryptionOf } from './encryption.ts';
import type { Verdict } from './faults.ts';
import { lengthTolerance, scanStreams, statesLengths, wrongLength } from './lengths.ts';
import type { AudioStreamInfo, MediaInfo, VideoStreamInfo } from './media-info.ts';
import type { PacketScan } from './packets.ts';

/** What is known about a stream when its decoder has ended. */
export interface DecodingFacts {
  /** Aborted when nobody is waiting for the verdict any more. */
  readonly signal?: AbortSignal | undefined;
  /** For messages. */
  readonly name: string;
  readonly path: string;
  readonly info: MediaInfo;
  readonly stream: VideoStreamInfo | AudioStreamInfo;
  /** `sampled`: not every frame was requested, so the last one may be well before the end. */
  readonly kind: 'video' | 'audio' | 'sampled';
  /**
   * Number of frames, or of samples per channel at the output rate, not counting inserted silence.
   */
  readonly decoded: number;
  /** Seconds covered, from the first frame's or sample's time to the end of the last. */
  readonly seconds: number;
  /** Time of the last frame in seconds from the container's start. */
  readonly lastTime: number;
  /** Discontinuities of its times. */
  readonly breaks: number;
  /** Seconds of silence inserted where audio is missing. */
  readonly silence: number;
  /**
   * Decoding was stopped by us, because the times, or the silence they caused, grew beyond all
   * bounds.
   */
  readonly runaway: boolean;
  readonly exit: DecoderExit;
  readonly log: DecoderLog;
}

/** What a decoder says if it could never have decoded the stream. */
const NOT_IMPLEMENTED = /not implemented|patches welcome|unsupported|not supported|not enough information/i;

/**
 * Judges a decoded stream by what was lost. The exit code is not evidence: ffmpeg exits with 0 for
 * a file cut in the middle.
 *
 * - Nothing decoded: partial with 0 decoded (`combineVerdicts` rejects a file if that is true of
 *   all streams); `unsupported` if the decoder says that it cannot, or the file is encrypted. Whole
 *   if there are no packets.
 * - Shorter than stated by more than `lengthTolerance`: `truncated` if the packets end there too,
 *   because the file does; `corrupt` if the packets continue, or bytes are left that hold none. Not
 *   a fault if the packets show that the stream really ends like this: a last picture shown for a
 *   long time, sampled frames, a shorter stream in a longer container; or if the length was never
 *   written down and the packets show a different one.
 * - The file ends before its own structure does: `truncated`.
 * - Long enough, but a demuxer, parser or decoder complained, or the exit code is not 0: the places
 *   are looked up. Complaints before the first or after the last frame cost nothing, nor do those
 *   about tags where raw streams were joined; others make the stream partial, `corrupt`, as does a
 *   signal that ended the decoder.
 * - More inserted silence than audio: `corrupt`.
 * - Otherwise whole, with notes on anything unusual.
 *
 * @throws MediaError if the packets or the complaints had to be examined and could not be.
 */
export async function judge(facts: DecodingFacts): Promise<Verdict> {
  const { decoded, seconds, info, stream, log, silence } = facts;
  const { counts, lines: decoderLines } = log;
  const kind = facts.kind === 'audio' ? 'audio' : 'video';
  const notes = notesOf(facts, kind);
  const partial = (reason: 'corrupt' | 'truncated' | 'unsupported', what: string): Verdict => {
    return { verdict: 'partial', reason, message: `'${facts.name}': ${what}`, decoded, seconds, decoderLines, notes };
  };
  if (counts.unsupported > 0)
    return partial('unsupported', `ffmpeg has no decoder for the ${kind} stream, or its frames are too large`);
  if (facts.runaway) return partial('corrupt', `the times of the ${kind} stream run far beyond its length`);
  const damaged = counts.damage > 0 || facts.exit.code !== 0;
  if (damaged) {
    const encryption = await encryptionOf(facts.path, info.bytes);
    if (encryption !== undefined) return partial('unsupported', `it is encrypted (${encryption})`);
  }
  if (decoded === 0) {
    if (decoderLines.some((line) => NOT_IMPLEMENTED.test(line)))
      return partial('unsupported', `this ffmpeg cannot decode the ${kind} stream`);
    if (!damaged && !(await scanStreams(facts.path, info, facts.signal)).streams.has(stream.index))
      return { verdict: 'whole', decoded, seconds, decoderLines, notes: [`the ${kind} stream holds no packets`] };
    const reason = (counts.cut > 0 || info.cut !== undefined) && !damaged ? 'truncated' : 'corrupt';
    return partial(reason, `nothing in the ${kind} stream could be decoded`);
  }
  const stated = stream.statedDuration ?? stream.duration;
  if (seconds < stated - lengthTolerance(stated)) {
    const why = whyShort(facts, stated, await scanStreams(facts.path, info, facts.signal));
    const length = `${seconds.toFixed(2)} of ${stated.toFixed(2)} s of the ${kind} stream could be decoded`;
    if (why !== undefined) return partial(info.cut === undefined ? why : 'truncated', length);
  }
  if (info.cut !== undefined) return partial('truncated', `the file is cut: ${info.cut}`);
  if (silence > Math.max(lengthTolerance(seconds), seconds - silence))
    return partial('corrupt', `${silence.toFixed(2)} of ${seconds.toFixed(2)} s of the sound are missing`);
  if (damaged) {
    const complaints = await whereItComplains(facts.path, info, stream, facts.signal);
    if (complaints.inside > 0 || isFatal(facts.exit))
      return partial('corrupt', `the decoder of the ${kind} stream met ${Math.max(counts.damage, 1)} errors`);
    return { verdict: 'whole', decoded, seconds, decoderLines, notes: [...notes, ...noteOf(complaints, kind)] };
  }
  if (counts.cut > 0) return partial('truncated', `the ${kind} stream ends early`);
  return { verdict: 'whole', decoded, seconds, decoderLines, notes };
}

/** A decoder that was ended by a signal may not have reported everything. */
function isFatal(exit: DecoderExit): boolean {
  return exit.signal !== null;
}

/** None if it does not complain a second time, or only its exit code reported something. */
function noteOf({ before, behind, ofTags }: Complaints, kind: string): string[] {
  const times = before + behind;
  const notes: string[] = [];
  if (times > 0)
    notes.push(
      `the decoder complained ${times} times about data before the first or after the last of the ${kind} stream`,
    );
  if (ofTags > 0)
    notes.push(`the decoder complained ${ofTags} times about tags between the parts of the ${kind} stream`);
  return notes;
}

function notesOf({ breaks, silence, info, stream, seconds }: DecodingFacts, kind: string): string[] {
  const notes: string[] = [];
  const found = Math.max(breaks, stream.breaks ?? 0);
  if (found > 0)
    notes.push(
      `the times of the ${kind} stream break off ${found} times and were joined: each part continues where the one before ends`,
    );
  if (silence > 0) notes.push(`${silence.toFixed(2)} s of silence stand in for missing audio`);
  const stated = stream.statedDuration ?? stream.duration;
  if (Math.abs(seconds - stated) > lengthTolerance(stated)) {
    const states = `states ${stated.toFixed(2)} s and`;
    const whose =
      stream.durationSource === 'container' ? `the file ${states} its ${kind} stream` : `the ${kind} stream ${states}`;
    notes.push(`${whose} lasts ${seconds.toFixed(2)} s${info.measured ? '' : ', which was not used for cutting'}`);
  }
  const wrong = wrongLength(info);
  if (wrong !== undefined) notes.push(wrong);
  return notes;
}

function whyShort(facts: DecodingFacts, stated: number, scan: PacketScan): 'truncated' | 'corrupt' | undefined {
  const { info, stream } = facts;
  const tolerance = lengthTolerance(stated);
  const own = scan.streams.get(stream.index);
  if (own === undefined) return 'corrupt';
  const spans = stream.durationSource === 'container' ? [...scan.streams.values()] : [own];
  const covered = Math.max(...spans.map((span) => span.end)) - Math.min(...spans.map((span) => span.start));
  if (covered < stated - tolerance && statesLengths(info.container)) {
    const bytesLeft = info.bytes - scan.lastByte;
    return bytesLeft <= Math.max(65_536, 2 * scan.largest, 0.02 * info.bytes) ? 'truncated' : 'corrupt';
  }
  if (facts.kind === 'sampled') return undefined;
  return facts.lastTime < own.lastStart - info.start - tolerance ? 'corrupt' : undefined;
}
