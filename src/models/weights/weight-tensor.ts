/** Bytes per element of the supported types. */
export const weightTypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const;

/** Element type of a tensor in a weight file, by the names of the safetensors format. */
export type WeightType = keyof typeof weightTypeBytes;

/**
 * A tensor of a weight file. Its values stay in the file until they are read (except NumPy arrays
 * inside a pickle, at most 16 MiB).
 */
export interface WeightTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: WeightType;
  /** Bytes of all values: the product of the shape times the bytes per element. */
  readonly byteLength: number;
  /**
   * The values: little-endian, row-major and contiguous whatever the strides in the file; at most 1
   * MiB and a whole number of elements at a time. The buffer may be reused for the next piece. Each
   * call reads the file again; leaving the loop early closes it.
   *
   * @throws ModelError `weights` if the values are damaged, or the file has changed since its
   * structure was read.
   */
  pieces(): Iterable<Uint8Array>;
}

/** The structure of a weight file: its tensors by name, in file order, and what cannot be read. */
export type FileTensors = Pick<WeightFile, 'tensors' | 'unread'>;

/** The structure of a weight file: its tensors by name, in the order of the file. */
export interface WeightFile {
  readonly path: string;
  readonly format: 'pth' | 'pth-legacy' | 'safetensors' | 'npz' | 'npy' | 'onnx';
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /**
   * What cannot be read, by name, with the reason as a phrase that continues 'the file ...'. It
   * does no harm unless it is needed.
   */
  readonly unread: ReadonlyMap<string, string>;
}
