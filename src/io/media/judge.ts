import type { DecoderExit } from './decoder-child.ts';
import type { LineKind } from './decoder-log.ts';
import type { Verdict } from './faults.ts';
import { type PacketScan, scanPackets } from './packets.ts';

/** What is known about a stream when its decoder has ended. */
export interface DecodingFacts {
  /** For messages. */
  readonly name: string;
  readonly path: string;
  /** Index of the stream in the file. */
  readonly stream: number;
  /** `sampled`: not every frame was asked for, so the last one may lie well before the end. */
  readonly kind: 'video' | 'audio' | 'sampled';
  /** Bytes of the file. */
  readonly bytes: number;
  /** Seconds that the stream should last. */
  readonly duration: number;
  /** The duration is the container's, and this stream may rightly be shorter. */
  readonly durationIsShared: boolean;
  /** Container start in seconds of the file's own clock. */
  readonly containerStart: number;
  /** Frames, or samples per channel at the output rate. */
  readonly decoded: number;
  /** Seconds covered, from the first frame's or sample's time to the end of the last. */
  readonly seconds: number;
  /** Time of the last frame in seconds from the container's start. */
  readonly lastTime: number;
  /** Decoding was stopped by us: the times or the silence they made grew beyond all measure. */
  readonly runaway: boolean;
  readonly exit: DecoderExit;
  readonly counts: Readonly<Record<LineKind, number>>;
  readonly lines: readonly string[];
}

/** How many seconds a decoded stream may be shorter than declared and still be whole: max(0.5 s, 2 %). */
export function lengthTolerance(duration: number): number {
  return Math.max(0.5, 0.02 * duration);
}

/**
 * Judges a decoded stream. The exit code is no evidence: ffmpeg exits 0 for a file cut in the middle.
 *
 * - Nothing decoded: partial with 0 decoded (`combineVerdicts` rejects a file where that holds for all streams).
 * - Shorter than declared by more than `lengthTolerance`: `truncated` when the packets end there too, because the file
 *   does; `corrupt` when the packets go on, or bytes are left that hold none. No fault where the packets show that the
 *   stream ends so: a last picture shown for long, sampled frames, a shorter stream in a longer container.
 * - Long enough: any line of a demuxer, parser or decoder makes it partial, `corrupt`, or `truncated` if all that was
 *   said is that the file ends early; as does an exit code other than 0.
 * - Else whole.
 *
 * @throws MediaError when the packets had to be looked at, and ffprobe could not.
 */
export async function judge(facts: DecodingFacts): Promise<Verdict> {
  const { counts, decoded, seconds, lines: decoderLines } = facts;
  const partial = (reason: 'corrupt' | 'truncated' | 'unsupported', what: string): Verdict => {
    return { verdict: 'partial', reason, message: `'${facts.name}': ${what}`, decoded, seconds, decoderLines };
  };
  const stream = facts.kind === 'audio' ? 'audio' : 'video';
  if (counts.unsupported > 0)
    return partial('unsupported', `ffmpeg has no decoder for the ${stream} stream, or its pictures are too large`);
  if (facts.runaway) return partial('corrupt', `the times of the ${stream} stream run far beyond its length`);
  const damaged = counts.damage > 0 || facts.exit.code !== 0;
  if (decoded === 0) {
    const reason = counts.cut > 0 && !damaged ? 'truncated' : 'corrupt';
    return partial(reason, `nothing of the ${stream} stream could be decoded`);
  }
  const declared = facts.duration;
  if (seconds < declared - lengthTolerance(declared)) {
    const length = `${seconds.toFixed(2)} of ${declared.toFixed(2)} s of the ${stream} stream could be decoded`;
    const why = whyShort(facts, await scanPackets(facts.path));
    if (why !== undefined) return partial(why, length);
  }
  if (damaged) return partial('corrupt', `the decoder of the ${stream} stream met ${counts.damage} errors`);
  if (counts.cut > 0) return partial('truncated', `the ${stream} stream is cut short of its end`);
  return { verdict: 'whole', decoded, seconds, decoderLines };
}

function whyShort(facts: DecodingFacts, scan: PacketScan): 'truncated' | 'corrupt' | undefined {
  const tolerance = lengthTolerance(facts.duration);
  const own = scan.streams.get(facts.stream);
  if (own === undefined) return 'corrupt';
  const spans = facts.durationIsShared ? [...scan.streams.values()] : [own];
  const covered = Math.max(...spans.map((span) => span.end)) - Math.min(...spans.map((span) => span.start));
  if (covered < facts.duration - tolerance) {
    const bytesLeft = facts.bytes - scan.lastByte;
    return bytesLeft <= Math.max(65_536, 2 * scan.largest, 0.02 * facts.bytes) ? 'truncated' : 'corrupt';
  }
  if (facts.kind === 'sampled') return undefined;
  return facts.lastTime < own.lastStart - facts.containerStart - tolerance ? 'corrupt' : undefined;
}
