import type { MemoryMessage } from '../../core/shared-memory.ts';
import type { Device } from './device-name.ts';

/** A part of a network as a file that an inference session is made from. */
export interface SessionPart {
  /** Path of the ONNX file. */
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly inputType: 'uint8' | 'float32';
  /** Input axes of one row; empty when they follow from the part before. */
  readonly rowShape: readonly number[];
  /** Most rows that one run takes; a batch is run in as many as it needs. */
  readonly rows: number;
  /**
   * Rows that a run has at least, default 1: fewer are filled up, so that no value depends on how
   * many rows run together.
   */
  readonly minRows?: number | undefined;
  /**
   * Whether the session keeps a reordered copy of the weights: integer kernels would reorder them
   * at each run. Default false.
   */
  readonly prepack?: boolean | undefined;
  /**
   * Whether activations are kept in an arena between runs: faster, and nothing that creation took
   * is given back. Default true.
   */
  readonly arena?: boolean | undefined;
}

/** What a worker needs to open a network. */
export interface SessionPlan {
  /** What messages call it. */
  readonly name: string;
  /** The parts in order; each reads what the one before gives. */
  readonly parts: readonly SessionPart[];
  /** Length of one row of the last part's output. */
  readonly dimension: number;
  /** Rows per batch at most. */
  readonly batch: number;
  /** Threads inside one operation. */
  readonly threads: number;
}

/** Where a session is created: a device, and which of its kind. */
export interface Place {
  readonly device: Device;
  /** As the driver counts them. */
  readonly number: number;
}

/** What a worker thread is made with. */
export interface WorkerData {
  readonly plan: SessionPlan;
  readonly place: Place;
}

/** What the main thread asks of a worker. All memory is shared. */
export type WorkerRequest =
  | {
      readonly kind: 'run';
      readonly rows: number;
      /** The rows one after another, or the numbers of the memory that each lies in. */
      readonly input: SharedArrayBuffer | readonly number[];
      readonly output: SharedArrayBuffer;
    }
  | MemoryMessage
  | { readonly kind: 'close' };

/** What a session takes for one whole batch, in milliseconds. */
export interface BatchTimes {
  /** The run, on the device and to and from it. */
  readonly run: number;
  /** Bringing the rows together. */
  readonly copy: number;
}

/** What a worker answers. */
export type WorkerReply =
  | { readonly kind: 'ready'; readonly times: BatchTimes | undefined }
  | { readonly kind: 'unusable'; readonly code: 'shape' | 'session' | 'device-memory'; readonly message: string }
  /** `rowsHalved`: the device had no memory for as many rows, and runs this many from now on. */
  | { readonly kind: 'done'; readonly rowsHalved?: number | undefined }
  | { readonly kind: 'failed'; readonly code: 'session' | 'device-memory'; readonly message: string };
