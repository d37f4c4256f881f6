/** A shared library that a device needs and the system's loader did not find. */
export interface MissingLibrary {
  /** Without its folder. */
  readonly fileName: string;
  /** Where it comes from. */
  readonly remedy: string;
}

const provider = 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --foreground-scripts';

/** Names by the package that has them; the first that fits counts. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/^libonnxruntime_providers_/, `Fetch ONNX Runtime's provider: \`${provider}\`; see docs/devices.md.`],
  [
    /^lib(cudart|cublas|cufft|curand|nvrtc)/,
    'Install CUDA 12.x, and let the loader find it (ldconfig or LD_LIBRARY_PATH).',
  ],
  [/^libcudnn/, 'Install cuDNN 9.x for CUDA 12, and let the loader find it (ldconfig or LD_LIBRARY_PATH).'],
  [/^libcuda\./, 'Install the NVIDIA driver.'],
];

/**
 * The library that a loader's message names as missing, and where it comes from; undefined when the text holds no such message.
 *
 * @example
 * missingLibrary('libcudnn.so.9: cannot open shared object file: No such file or directory')?.fileName; // 'libcudnn.so.9'
 */
export function missingLibrary(text: string): MissingLibrary | undefined {
  const path = /(\S+\.so[\w.]*): cannot open shared object file/.exec(text)?.[1];
  if (path === undefined) return undefined;
  const fileName = path.slice(path.lastIndexOf('/') + 1);
  const remedy = remedies.find(([name]) => name.test(fileName))?.[1];
  return { fileName, remedy: remedy ?? `Install the package that holds ${fileName}.` };
}
