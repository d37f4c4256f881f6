/**
 * Information about media files, and the tools that decode them. The entry point `reelflow/media`.
 *
 * @module reelflow/media
 */

export { type DecodingOptions, DoubtfulLength } from '../io/media/decoding-options.ts';
export { type ClipDescription, encodeClip } from '../io/media/encode.ts';
export {
  combineVerdicts,
  type PartialVerdict,
  type RejectedVerdict,
  type Verdict,
  type WholeVerdict,
} from '../io/media/faults.ts';
export { findFfmpeg, findFfprobe, type MediaTool, type ToolOrigin } from '../io/media/ffmpeg.ts';
export type { PassedOver } from '../io/media/media-directory.ts';
export type {
  AudioStreamInfo,
  DurationSource,
  MediaInfo,
  Ratio,
  StreamInfo,
  VideoStreamInfo,
} from '../io/media/media-info.ts';
export { type ProbeOptions, probe } from '../io/media/probe.ts';
export { MemorySampler, processTreeMemory, type TreeMemory } from '../io/media/process-memory.ts';
export type { Resize } from '../io/media/resize.ts';
