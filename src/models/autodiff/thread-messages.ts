import type { Place } from '../onnx/session.ts';
import type { Feeds } from './feeds.ts';
import type { StepLoop } from './step-loop.ts';
import type { TrainingPlan } from './training-plan.ts';

/** What a training thread starts with. */
export interface ThreadStart {
  readonly plan: TrainingPlan;
  /** Seed of the dropout masks. */
  readonly seed: number;
  /** Steps run so, several in one run; default: one after another, on the CPU. */
  readonly loop?: (StepLoop & { readonly place: Place }) | undefined;
}

/** A batch with what its step needs beside it. */
export interface StepRequest {
  readonly feeds: Feeds;
  /** Counted from 1. */
  readonly step: number;
  readonly scalars: readonly number[];
}

/** What a training thread is asked. Answers come in the order of the questions. */
export type ThreadRequest =
  | { readonly kind: 'steps'; readonly steps: readonly StepRequest[] }
  | { readonly kind: 'evaluate'; readonly feeds: Feeds }
  | { readonly kind: 'read' }
  | { readonly kind: 'read-remembered' }
  | { readonly kind: 'load'; readonly values: readonly Float32Array[] }
  | { readonly kind: 'load-remembered'; readonly values: readonly Float32Array[] }
  | { readonly kind: 'remember' }
  | { readonly kind: 'recall' }
  | { readonly kind: 'close' };

/** What a training thread answers. `values` belongs to the kind of the question. */
export type ThreadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** Values asked for, and the buffers of the feeds, given back to be used again. */
  | { readonly kind: 'done'; readonly values: readonly Float32Array[]; readonly buffers: readonly ArrayBuffer[] };
