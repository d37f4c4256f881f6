import type { MemoryMessage } from '../../core/shared-memory.ts';
import type { Device } from './device-name.ts';

/** A part of a network, as a file that an inference session is created from. */
export interface SessionPart {
  /** Path of the ONNX file. */
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly inputType: 'uint8' | 'float32';
  /** Input axes of one row; empty if they follow from the previous part. */
  readonly rowShape: readonly number[];
  /** Maximum rows per run; a batch is run in as many runs as it needs. */
  readonly rows: number;
  /**
   * Minimum rows per run, default 1: fewer are padded, so that no value depends on how many rows
   * run together.
   */
  readonly minRows?: number | undefined;
  /**
   * Whether the session keeps a reordered copy of the weights: integer kernels would otherwise
   * reorder them at each run. Default false.
   */
  readonly prepack?: boolean | undefined;
  /**
   * Whether activations are kept in an arena between runs: faster, but memory used during creation
   * is not returned. Default true.
   */
  readonly arena?: boolean | undefined;
}

/** What a worker needs to open a network. */
export interface SessionPlan {
  /** Its name in messages. */
  readonly name: string;
  /** The parts in order; each reads the output of the previous one. */
  readonly parts: readonly SessionPart[];
  /** Length of one row of the last part's output. */
  readonly dimension: number;
  /** Maximum rows per batch. */
  readonly batch: number;
  /** Number of threads inside an operation. */
  readonly threads: number;
}

/** Where a session is created: a device, and its index among devices of its kind. */
export interface Place {
  readonly device: Device;
  /** As the driver counts them. */
  readonly number: number;
}

/** What a worker thread is started with. */
export interface WorkerData {
  readonly plan: SessionPlan;
  readonly place: Place;
}

/** A request from the main thread to a worker. All memory is shared. */
export type WorkerRequest =
  | {
      readonly kind: 'run';
      readonly rows: number;
      /** The rows one after another, or the number of the memory that holds each. */
      readonly input: SharedArrayBuffer | readonly number[];
      readonly output: SharedArrayBuffer;
    }
  | MemoryMessage
  | { readonly kind: 'close' };

/** Times of a session for a full batch, in milliseconds. */
export interface BatchTimes {
  /** The run on the device, including transfers. */
  readonly run: number;
  /** Assembling the rows. */
  readonly copy: number;
}

/** A worker's reply. */
export type WorkerReply =
  | { readonly kind: 'ready'; readonly times: BatchTimes | undefined }
  | { readonly kind: 'unusable'; readonly code: 'shape' | 'session' | 'device-memory'; readonly message: string }
  /** `rowsHalved`: the device had no memory for that many rows, and runs this many from now on. */
  | { readonly kind: 'done'; readonly rowsHalved?: number | undefined }
  | { readonly kind: 'failed'; readonly code: 'session' | 'device-memory'; readonly message: string };
