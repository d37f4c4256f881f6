/** A shared library that a device needs but the system's loader did not find. */
export interface MissingLibrary {
  /** Its file name. */
  readonly fileName: string;
  /** Where it comes from. */
  readonly remedy: string;
}

const provider = 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --foreground-scripts';

/** Where a library comes from, by its name and the number after `.so`; the first match counts. */
const remedies: readonly (readonly [RegExp, (version: string) => string])[] = [
  [
    /^libonnxruntime_providers_/,
    () =>
      `Fetch ONNX Runtime's provider: \`${provider}\`, or, if only the npm registry can be reached, follow docs/devices.md.`,
  ],
  [/^lib(cudart|cublas|nvrtc)/, (version) => cuda(version)],
  // These have their own numbering: 11 belongs to CUDA 12, 12 to CUDA 13.
  [/^libcu(fft)/, (version) => cuda(version === '' ? '' : String(Number(version) + 1))],
  [/^libcurand/, () => cuda('')],
  [/^libcudnn/, (version) => `Install cuDNN ${version || 9} for your CUDA, ${found}`],
  [/^libcuda\./, () => 'Install the NVIDIA driver.'],
];

const found = 'and let the loader find it (ldconfig or LD_LIBRARY_PATH).';
const cuda = (version: string) => `Install CUDA ${version === '' ? '12 or 13' : `${version}.x`}, ${found}`;

/**
 * The library that a loader's message names as missing, and where it comes from; undefined if the
 * text has no such message.
 *
 * @example
 * missingLibrary('libcudnn.so.9: cannot open shared object file: No such file or directory')?.fileName; // 'libcudnn.so.9'
 */
export function missingLibrary(text: string): MissingLibrary | undefined {
  const path = /(\S+\.so[\w.]*): cannot open shared object file/.exec(text)?.[1];
  if (path === undefined) return undefined;
  const fileName = path.slice(path.lastIndexOf('/') + 1);
  const version = /\.so\.(\d+)/.exec(fileName)?.[1] ?? '';
  const remedy = remedies.find(([name]) => name.test(fileName))?.[1](version);
  return { fileName, remedy: remedy ?? `Install the package that holds ${fileName}.` };
}
