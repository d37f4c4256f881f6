import { expect, it } from 'vitest';
import { claimWebgpu } from '../../../src/models/onnx/webgpu-claim.ts';

it('a process has one session on WebGPU: a second one is refused by name until the first is given back', () => {
  const release = claimWebgpu('alexnet');
  expect(() => claimWebgpu('vggish')).toThrow('vggish cannot be opened on webgpu while alexnet is');
  release();
  const second = claimWebgpu('vggish');
  // Given back twice: what another network has by now stays its own.
  release();
  expect(() => claimWebgpu('alexnet')).toThrow('while vggish is');
  second();
});
