import { expect, it } from 'vitest';
import { missingLibrary } from '../../../src/models/onnx/missing-library.ts';

it('names the library that was not found, and the package that has it', () => {
  const said = (path: string) =>
    `Failed to load library /opt/libonnxruntime_providers_cuda.so with error: ${path}: cannot open shared object file: No such file or directory`;
  const cases = [
    ['/opt/app/bin/libonnxruntime_providers_shared.so', 'libonnxruntime_providers_shared.so', /npm rebuild/],
    ['libcublasLt.so.12', 'libcublasLt.so.12', /CUDA 12\.x/],
    ['libcudart.so.12', 'libcudart.so.12', /CUDA 12\.x/],
    ['libcufft.so.11', 'libcufft.so.11', /CUDA 12\.x/],
    ['libcurand.so.10', 'libcurand.so.10', /CUDA 12 or 13/],
    ['libcudnn.so.9', 'libcudnn.so.9', /cuDNN 9/],
    ['libcublasLt.so.13', 'libcublasLt.so.13', /CUDA 13\.x/],
    ['libcudart.so.13', 'libcudart.so.13', /CUDA 13\.x/],
    ['libcufft.so.12', 'libcufft.so.12', /CUDA 13\.x/],
    ['libcuda.so.1', 'libcuda.so.1', /driver/],
    ['libother.so.3', 'libother.so.3', /libother\.so\.3/],
  ] as const;
  for (const [path, fileName, remedy] of cases) {
    const missing = missingLibrary(said(path));
    expect(missing?.fileName).toBe(fileName);
    expect(missing?.remedy).toMatch(remedy);
  }
  expect(missingLibrary('CUDA failure 35: driver version is insufficient')).toBeUndefined();
});
