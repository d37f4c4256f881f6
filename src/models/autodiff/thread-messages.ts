import type { Place } from '../onnx/session.ts';
import type { Feeds } from './feeds.ts';
import type { StepLoop } from './step-loop.ts';
import type { TrainingPlan } from './training-plan.ts';

/** What a training thread starts with. */
export interface ThreadStart {
  readonly plan: TrainingPlan;
  /** Seed of the dropout masks. */
  readonly seed: number;
  /** Key of the noise and the masks of private steps. */
  readonly noiseKey?: Uint8Array | undefined;
  /** How to run several steps at once; default: one after another, on the CPU. */
  readonly loop?: (StepLoop & { readonly place: Place }) | undefined;
}

/** A batch with everything else that its step needs. */
export interface StepRequest {
  readonly feeds: Feeds;
  /** Counted from 1. */
  readonly step: number;
  readonly scalars: readonly number[];
}

/** A request to a training thread. Replies come in the order of the requests. */
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

/** A training thread's reply. `values` depends on the kind of request. */
export type ThreadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** The requested values, and the buffers of the feeds, returned for reuse. */
  | { readonly kind: 'done'; readonly values: readonly Float32Array[]; readonly buffers: readonly ArrayBuffer[] };
