import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseDevice, tryDevice } from '../../../src/models/onnx/device.ts';

const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const hasDriver = existsSync(softwareDriver);
/** Neither a graphics card of NVIDIA nor the provider, which is not in the package. */
const bindings = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '../bin/napi-v6/linux/x64');
const isBare = existsSync(bindings) && !existsSync(join(bindings, 'libonnxruntime_providers_shared.so'));
const before = process.env.VK_DRIVER_FILES;
afterEach(() => {
  if (before === undefined) delete process.env.VK_DRIVER_FILES;
  else process.env.VK_DRIVER_FILES = before;
});

describe('devices', () => {
  it('a device that is asked for and does not work is replaced by the CPU, with the reason', async () => {
    const failing = async () => ({ usable: false, reason: 'no adapter' }) as const;
    const { device, says } = await chooseDevice('webgpu', { try: failing });
    expect(device).toBe('cpu');
    expect(says).toBe('webgpu cannot be used (no adapter): computing on the CPU');
    expect(await chooseDevice('cpu', { try: failing })).toEqual({ device: 'cpu', numbers: [0] });
    await expect(chooseDevice('tpu' as never)).rejects.toThrow(/`device` must be auto, cpu, webgpu, cuda/);
  });

  it('automatic choice takes the first device that is faster than the CPU, and says why it took none', async () => {
    const taking = (webgpu: number) => ({
      mayBeThere: () => true,
      try: async (device: 'cuda' | 'webgpu') =>
        device === 'cuda'
          ? ({ usable: false, reason: 'no driver' } as const)
          : ({ usable: true, milliseconds: webgpu, cpuMilliseconds: 5 } as const),
    });
    expect(await chooseDevice('auto', taking(3000))).toEqual({
      device: 'cpu',
      numbers: [0],
      says: 'computing on the CPU (cuda: no driver; webgpu: slower than the CPU, like a software driver)',
    });
    expect(await chooseDevice('auto', taking(1))).toEqual({ device: 'webgpu', numbers: [0] });
  });

  it('automatic choice tries nothing, and says nothing, where the system shows no graphics device', async () => {
    const never = async () => expect.fail('a device was tried');
    expect(await chooseDevice('auto', { mayBeThere: () => false, try: never })).toEqual({
      device: 'cpu',
      numbers: [0],
    });
  });

  it.skipIf(!isBare)(
    `names the library that CUDA lacks, and where it comes from${isBare ? '' : " (skipped: ONNX Runtime's provider is there, or this is not Linux x64)"}`,
    async () => {
      expect(await tryDevice('cuda')).toEqual({
        usable: false,
        reason: 'libonnxruntime_providers_shared.so is missing',
        remedy: expect.stringContaining('npm rebuild onnxruntime-node'),
      });
    },
  );

  it.skipIf(!hasDriver)(
    `WebGPU gives what the CPU gives, on a software Vulkan driver${hasDriver ? '' : ' (skipped: SwiftShader of Debian chromium-common is not installed)'}`,
    async ({ skip }) => {
      process.env.VK_DRIVER_FILES = softwareDriver;
      const finding = await tryDevice('webgpu');
      // A software driver compiles for minutes where the machine is busy; Debian's has no loader.
      if (!finding.usable && /no result in|^libvulkan/.test(finding.reason)) skip(finding.reason);
      expect(finding).toMatchObject({ usable: true });
    },
  );
});
