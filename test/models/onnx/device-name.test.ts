import { expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { placeName, readDevice } from '../../../src/models/onnx/device-name.ts';

it('reads a device, or cards by number', () => {
  expect(readDevice('auto')).toEqual({ device: 'auto', numbers: [0] });
  expect(readDevice('webgpu')).toEqual({ device: 'webgpu', numbers: [0] });
  expect(readDevice('cuda')).toEqual({ device: 'cuda', numbers: [0] });
  expect(readDevice('cuda:3')).toEqual({ device: 'cuda', numbers: [3] });
  expect(readDevice('cuda:0, cuda:2')).toEqual({ device: 'cuda', numbers: [0, 2] });
});

it('refuses anything else, and says what there is', () => {
  for (const name of [
    'tpu',
    'cuda:',
    'cuda:x',
    'cuda:0,webgpu',
    'cpu:0',
    'cuda:1,cuda:1',
    '',
    undefined as never,
    0 as never,
  ])
    expect(() => readDevice(name)).toThrow(UsageError);
  expect(() => readDevice('cuda:0,cuda:0')).toThrow('names the same card twice');
  expect(() => readDevice('tpu')).toThrow("cards such as 'cuda:1'");
});

it('names a place as it is asked for', () => {
  expect(placeName({ device: 'cuda', number: 1 })).toBe('cuda:1');
  expect(placeName({ device: 'webgpu', number: 0 })).toBe('webgpu');
});
