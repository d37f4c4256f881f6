import type { MediaErrorCode } from '../../core/errors.ts';
import { UsageError } from '../../core/errors.ts';

/** The stream decoded fully: nothing of its pictures or sound is lost. */
export interface WholeVerdict {
  readonly verdict: 'whole';
  /** Frames, or audio samples per channel at the rate asked for, that were decoded. */
  readonly decoded: number;
  /** Seconds of media they cover. */
  readonly seconds: number;
  /** What the decoder printed that costs nothing of pictures or sound. */
  readonly decoderLines: readonly string[];
  /**
   * What is odd about the stream, though nothing of it is lost: discontinuities, silence put in,
   * lengths that were wrong.
   */
  readonly notes: readonly string[];
}

/** The stream decoded in part, or with errors. */
export interface PartialVerdict {
  readonly verdict: 'partial';
  readonly reason: MediaErrorCode;
  /** One sentence for people. */
  readonly message: string;
  /** Frames, or audio samples per channel at the rate asked for, that were decoded. May be 0. */
  readonly decoded: number;
  /** Seconds of media they cover. */
  readonly seconds: number;
  /** The last lines that the decoder printed, addresses removed. */
  readonly decoderLines: readonly string[];
  /** What else is odd about the stream. */
  readonly notes: readonly string[];
}

/** Nothing of it can be used. */
export interface RejectedVerdict {
  readonly verdict: 'rejected';
  readonly reason: MediaErrorCode;
  /** One sentence for people. */
  readonly message: string;
  /** The last lines that the decoder printed, addresses removed. */
  readonly decoderLines: readonly string[];
  /** What else is odd about its streams. */
  readonly notes: readonly string[];
}

/**
 * What decoding one stream to its end showed. A stream that cannot be opened at all is a
 * `MediaError` instead.
 */
export type Verdict = WholeVerdict | PartialVerdict;

/** The worst first: what the file as a whole is called when its streams differ. */
const SEVERITY: readonly MediaErrorCode[] = ['timeout', 'unsupported', 'truncated', 'corrupt'];

/**
 * The verdict of a whole file from those of its streams: whole when all are; rejected when not one
 * frame and not one sample was decoded; else partial, for the gravest reason (timeout, unsupported,
 * truncated, corrupt).
 *
 * @throws UsageError for an empty list.
 * @example
 * combineVerdicts([ofVideo, ofAudio]).verdict; // 'whole' | 'partial' | 'rejected'
 */
export function combineVerdicts(verdicts: readonly Verdict[]): Verdict | RejectedVerdict {
  const first = verdicts[0];
  if (first === undefined) throw new UsageError('`verdicts` must hold at least one verdict, but is empty');
  const decoderLines = verdicts.flatMap((verdict) => verdict.decoderLines);
  // What holds for the whole file, each of its streams reports.
  const notes = [...new Set(verdicts.flatMap((verdict) => verdict.notes))];
  const partial = verdicts.filter((verdict) => verdict.verdict === 'partial').sort((a, b) => rank(a) - rank(b));
  const gravest = partial[0];
  if (verdicts.every((verdict) => verdict.decoded === 0)) {
    const reason = gravest?.reason ?? 'corrupt';
    return {
      verdict: 'rejected',
      reason,
      message: gravest?.message ?? 'nothing could be decoded',
      decoderLines,
      notes,
    };
  }
  if (gravest !== undefined) return { ...gravest, decoderLines, notes };
  return { ...first, decoderLines, notes };
}

function rank(verdict: PartialVerdict): number {
  const position = SEVERITY.indexOf(verdict.reason);
  return position < 0 ? SEVERITY.length : position;
}
