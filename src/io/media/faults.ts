import type { MediaErrorCode } from '../../core/errors.ts';
import { UsageError } from '../../core/errors.ts';

/** The stream decoded fully: no video or audio is lost. */
export interface WholeVerdict {
  readonly verdict: 'whole';
  /** Number of frames, or of audio samples per channel at the requested rate, that were decoded. */
  readonly decoded: number;
  /** Seconds of media they cover. */
  readonly seconds: number;
  /** What the decoder printed about things that cost no video or audio. */
  readonly decoderLines: readonly string[];
  /**
   * What is unusual about the stream although nothing is lost: discontinuities, inserted silence,
   * wrong lengths.
   */
  readonly notes: readonly string[];
}

/** The stream decoded in part, or with errors. */
export interface PartialVerdict {
  readonly verdict: 'partial';
  readonly reason: MediaErrorCode;
  /** One sentence for people. */
  readonly message: string;
  /**
   * Number of frames, or of audio samples per channel at the requested rate, that were decoded. May
   * be 0.
   */
  readonly decoded: number;
  /** Seconds of media they cover. */
  readonly seconds: number;
  /** The last lines that the decoder printed, addresses removed. */
  readonly decoderLines: readonly string[];
  /** What else is unusual about the stream. */
  readonly notes: readonly string[];
}

/** Nothing in it can be used. */
export interface RejectedVerdict {
  readonly verdict: 'rejected';
  readonly reason: MediaErrorCode;
  /** One sentence for people. */
  readonly message: string;
  /** The last lines that the decoder printed, addresses removed. */
  readonly decoderLines: readonly string[];
  /** What else is unusual about its streams. */
  readonly notes: readonly string[];
}

/**
 * The outcome of decoding one stream to its end. A stream that cannot be opened at all is a
 * `MediaError` instead.
 */
export type Verdict = WholeVerdict | PartialVerdict;

/** Worst first: the reason for the whole file if its streams differ. */
const SEVERITY: readonly MediaErrorCode[] = ['timeout', 'unsupported', 'truncated', 'corrupt'];

/**
 * The verdict of a whole file from those of its streams: whole if all are; rejected if not a single
 * frame or sample was decoded; else partial, for the gravest reason (timeout, unsupported,
 * truncated, corrupt).
 *
 * @throws UsageError for an empty list.
 * @example
 * declare const ofVideo: Verdict;
 * declare const ofAudio: Verdict;
 * combineVerdicts([ofVideo, ofAudio]).verdict; // 'whole' | 'partial' | 'rejected'
 */
export function combineVerdicts(verdicts: readonly Verdict[]): Verdict | RejectedVerdict {
  const first = verdicts[0];
  if (first === undefined) throw new UsageError('`verdicts` must hold at least one verdict, but is empty');
  const decoderLines = verdicts.flatMap((verdict) => verdict.decoderLines);
  // Each stream reports what concerns the whole file.
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
