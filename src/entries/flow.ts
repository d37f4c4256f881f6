/**
 * What operators of your own are made of: memory, clocks, batches. The entry point `reelflow/flow`.
 *
 * @module reelflow/flow
 */

export type { Flusher } from '../operators/admission.ts';
export type { DuplicateRules } from '../operators/duplicates.ts';
export { Holder } from '../operators/holder.ts';
export type { MapAsyncOptions } from '../operators/map-async.ts';
export { MicroBatch } from '../operators/micro-batch.ts';
export type { MicroBatchOptions } from '../operators/micro-batch-options.ts';
export type { Span } from '../operators/observe.ts';
export { type FlowMetrics, OperatorClock, type OperatorKind, type OperatorMetrics } from '../operators/observe.ts';
export type { Account } from '../operators/payload.ts';
export { type Bytes, Payload } from '../operators/payload.ts';
export { BufferPool } from '../operators/pool.ts';
export type { SourceOptions } from '../operators/source.ts';
export type { HoldOptions, WindowOptions } from '../operators/window.ts';
export type { ZipOptions } from '../operators/zip.ts';
