import { arch, cpus, platform, release } from 'node:os';
import { onnxruntimeVersion } from '../onnxruntime-version.ts';

/** The environment in which a figure was computed, as far as it may affect the last digits. */
export interface Environment {
  readonly node: string;
  /** Version of ONNX Runtime, which neural recommenders train with. */
  readonly onnxruntime: string;
  readonly cpu: string;
  readonly processors: number;
  /** Kernel, release and architecture: `linux 6.1.0 x64`. */
  readonly os: string;
}

let known: Environment | undefined;

/** The environment of this process. */
export function environment(): Environment {
  known ??= {
    node: process.versions.node,
    onnxruntime: onnxruntimeVersion(),
    cpu: cpus()[0]?.model.trim() || 'unknown',
    processors: cpus().length,
    os: `${platform()} ${release()} ${arch()}`,
  };
  return known;
}
