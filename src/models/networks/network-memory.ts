import { checkInteger } from '../../core/check.ts';
import { type KnownShapes, rowSizes } from '../onnx/infer-shapes.ts';
import { elementTypes, type OnnxGraph } from '../onnx/onnx-graph.ts';

/** Bytes. */
export interface SessionMemory {
  /** Peak while its sessions are created, one after another. */
  readonly creationPeak: number;
  /** Usage from then on, under load. */
  readonly resident: number;
}

/** Bytes of the activations of a part of a network. */
export interface PartBytes {
  /** Per row that runs at once. */
  readonly perRow: number;
  /** Independent of the number of rows. */
  readonly once: number;
}

/** What determines a network's memory. */
export interface SizedNetwork {
  readonly parts: readonly {
    readonly graph: OnnxGraph;
    readonly rows: number;
    /** Bytes of its activations at their widest. */
    readonly bytes: PartBytes;
    /** For a graph on 8-bit integers, the float32 graph, whose activations serve as the bound. */
    readonly activations?: OnnxGraph | undefined;
  }[];
  /** Bytes of one row of input. */
  readonly inputBytes: number;
  readonly dimension: number;
}

const mebibyte = 1024 * 1024;
/**
 * ONNX Runtime's library, its tables and what its allocators keep. Measured: 13-20 MiB mapped and
 * 5-10 MiB of its own.
 */
const runtimeBytes = 30 * mebibyte;
/** A worker thread: JavaScript heap, stack, the session's tables. Measured: 16 MiB. */
const workerBytes = 16 * mebibyte;
/**
 * Vectors handed out that the garbage collector has not reclaimed yet: it waits until about this
 * much has accumulated.
 */
const uncollectedBytes = 36 * mebibyte;
/** Upper bound on the number of such vectors, if they are small. */
const uncollectedVectors = 4096;
/** Memory of each additional thread inside operations: packing buffers. */
const threadBytes = 2 * mebibyte;
/**
 * Memory for reordering integer weights, relative to their bytes, while sessions are created one
 * after another. Measured on AlexNet.
 */
const integerCreation = 2.5;
/**
 * Memory of activations relative to the widest operation's input and output. Measured: 1.1-1.3, in
 * the fast form 2.1, because the allocator rounds up and keeps what it had.
 */
const activationFactor = 2.2;

/**
 * What a network adds to a process's memory (PSS), from its structure and measured constants:
 * weights once, because all sessions map the same file; per worker its thread, a reordered copy of
 * the convolutions' weights, and the activations of the rows that a part runs at once; the buffers
 * of batches in flight, and vectors not yet collected.
 *
 * @throws UsageError if a setting is not a positive integer.
 */
export function sessionMemory(
  network: SizedNetwork,
  settings: { readonly workers: number; readonly threads: number; readonly batch: number },
): SessionMemory {
  const workers = checkInteger('workers', settings.workers);
  const threads = checkInteger('threads', settings.threads);
  const batch = checkInteger('batch', settings.batch);
  let weights = 0;
  let perWorker = workerBytes + (threads - 1) * threadBytes;
  for (const { graph, rows, bytes, activations } of network.parts) {
    const own = graph.initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    weights += own;
    // Integer kernels read weights in their own order, so each session keeps a copy.
    perWorker += activations === undefined ? reorderedBytes(graph) : own;
    if (activations !== undefined) weights += integerCreation * own;
    perWorker += activationFactor * bytes.perRow * Math.min(rows, batch) + bytes.once + widenedBytes(graph);
  }
  const outputBytes = 4 * network.dimension * batch;
  const uncollected = uncollectedOf(network.dimension);
  const buffers = (workers + 1) * batch * network.inputBytes + (2 * workers + 1) * outputBytes + uncollected;
  const resident = Math.ceil(runtimeBytes + weights + workers * perWorker + buffers);
  return { creationPeak: resident, resident };
}

const uncollectedOf = (dimension: number) => Math.min(uncollectedBytes, uncollectedVectors * 4 * dimension);

/**
 * What a network's sessions on a device add to this process's memory, apart from the driver: the
 * weights while they are copied to the device; per session its thread and a batch with its results;
 * and vectors not yet collected.
 */
export function hostMemory(
  network: { readonly inputBytes: number; readonly dimension: number; readonly weightsBytes: number },
  { workers, batch }: { readonly workers: number; readonly batch: number },
): SessionMemory {
  const perSession = workerBytes + batch * (2 * network.inputBytes + 3 * 4 * network.dimension);
  const resident = Math.ceil(workers * perSession + uncollectedOf(network.dimension));
  return { creationPeak: resident + network.weightsBytes, resident };
}

/**
 * On the CPU, 16-bit weights are converted to float32 when a session is created, which keeps them.
 */
function widenedBytes(graph: OnnxGraph): number {
  const halves: readonly number[] = [elementTypes.float16, elementTypes.bfloat16];
  return graph.initializers.reduce(
    (sum, { elementType, byteLength }) => sum + (halves.includes(elementType) ? 2 * byteLength : 0),
    0,
  );
}

/**
 * Bytes of the activations at their widest in each part of a network, from the shapes of its
 * operations; undefined for a part with an operation of unknown shape.
 */
export function partBytes(parts: readonly OnnxGraph[]): readonly (PartBytes | undefined)[] {
  let entering: KnownShapes | undefined;
  return parts.map((part) => {
    const { widestOperation, madeOfConstants, shapes, unknown } = rowSizes(part, entering);
    entering = shapes;
    return unknown.length > 0 ? undefined : { perRow: 4 * widestOperation, once: 4 * madeOfConstants };
  });
}

/** Convolution weights are copied into a blocked order when a session is created. */
function reorderedBytes(graph: OnnxGraph): number {
  const weights = new Set(graph.nodes.filter(({ operator }) => operator === 'Conv').map(({ inputs }) => inputs[1]));
  return graph.initializers.reduce((sum, { name, byteLength }) => sum + (weights.has(name) ? byteLength : 0), 0);
}
