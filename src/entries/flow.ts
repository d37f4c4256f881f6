/**
 * Building blocks for your own operators: memory, meters, batches. The entry point `reelflow/flow`.
 *
 * @module reelflow/flow
 */

export type { Flusher } from '../operators/admission.ts';
export { formatBytes, parseBytes } from '../operators/budget.ts';
export { BufferPool } from '../operators/buffer-pool.ts';
export { embedKeeps, repeatedFrameRules } from '../operators/embed.ts';
export type { MapAsyncOptions } from '../operators/map-async.ts';
export { MicroBatch } from '../operators/micro-batch.ts';
export type { MicroBatchOptions, RanBatch } from '../operators/micro-batch-options.ts';
export type { TimedState } from '../operators/operator-meter.ts';
export {
  type FlowMetrics,
  type OperatorKind,
  OperatorMeter,
  type OperatorMetrics,
} from '../operators/operator-meter.ts';
export type { Account } from '../operators/payload.ts';
export { type Bytes, Payload } from '../operators/payload.ts';
export type { DuplicateRules } from '../operators/recent-elements.ts';
export { Reservation } from '../operators/reservation.ts';
export type { SourceOptions } from '../operators/source.ts';
export { dimensionOf } from '../operators/statistics.ts';
export { subclipsClaim } from '../operators/subclips.ts';
export type { HoldOptions, WindowOptions } from '../operators/window.ts';
export type { ZipOptions } from '../operators/zip.ts';
