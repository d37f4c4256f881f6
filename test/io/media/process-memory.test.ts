import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decoderMemory, MemorySampler, processTreeMemory } from '../../../src/io/media/process-memory.ts';
import { until } from '../../fixtures/until.ts';

const MIB = 2 ** 20;

describe.skipIf(!existsSync('/proc/self/smaps_rollup'))(
  'memory of the process tree (needs /proc with smaps_rollup)',
  () => {
    test('counts the processes below this one, and theirs', async () => {
      const before = processTreeMemory();
      const script =
        'globalThis.bytes = Buffer.alloc(100 * 2 ** 20, 1); console.log(globalThis.bytes[5]); setTimeout(() => {}, 60_000)';
      // a child whose child holds 100 MiB
      const parent = `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}], { stdio: ['ignore', 'inherit', 'inherit'] }); process.on('SIGTERM', () => { child.kill(); process.exit(); })`;
      const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((done) => child.stdout.once('data', done));
      const sampler = new MemorySampler({ everyMilliseconds: 10 });
      sampler.start();
      const during = processTreeMemory();
      expect(during.measure).toBe('pss');
      expect(during.processes).toBe(before.processes + 2);
      expect(during.bytes - before.bytes).toBeGreaterThan(100 * MIB);
      const closed = new Promise((done) => child.once('close', done));
      child.kill();
      await closed;
      sampler.stop();
      expect(sampler.peak).toBeGreaterThan(before.bytes + 90 * MIB);
      expect(processTreeMemory().processes).toBe(before.processes);
    });

    test('a sampler sees a peak that is gone when it stops', async () => {
      const sampler = new MemorySampler({ everyMilliseconds: 10 });
      sampler.start();
      expect(() => sampler.start()).toThrow('must not be called on a running MemorySampler');
      const before = sampler.peak;
      const child = spawn(
        process.execPath,
        ['-e', 'globalThis.kept = Buffer.alloc(200 * 2 ** 20, 1); setInterval(() => {}, 1000)'],
        {
          stdio: 'ignore',
        },
      );
      await until(() => sampler.peak - before > 200 * MIB);
      const closed = new Promise((done) => child.once('close', done));
      child.kill();
      await closed;
      sampler.stop();
      expect(sampler.looks).toBeGreaterThan(2);
      expect(processTreeMemory().bytes).toBeLessThan(sampler.peak - 150 * MIB);
    });
  },
);

describe('decoderMemory', () => {
  test('grows with the picture, and counts sound apart', () => {
    const hd = decoderMemory({ pixels: 1280 * 720, audio: false });
    expect(hd).toBeGreaterThan(60 * MIB);
    expect(hd).toBeLessThan(90 * MIB);
    expect(decoderMemory({ pixels: 3840 * 2160, audio: false })).toBeGreaterThan(2 * hd);
    expect(decoderMemory({ pixels: 0, audio: false })).toBe(0);
    expect(decoderMemory({ pixels: 0, audio: true })).toBeGreaterThan(30 * MIB);
  });

  test('counts the pictures that a decoder keeps, by their format, and plans no more for usual ones', () => {
    const plan = (pixels: number, pixelFormat: string, keptPictures: number) =>
      decoderMemory({ pixels, audio: false, video: { pixelFormat, keptPictures } }) / MIB;
    // Measured peaks with 7.0, one thread: H.264 of 16 reference frames, HEVC of 6.
    expect(plan(3840 * 2160, 'yuv420p', 18)).toBeGreaterThan(324);
    expect(plan(1920 * 1080, 'yuv420p', 18)).toBeGreaterThan(97);
    expect(plan(3840 * 2160, 'yuv420p10le', 8)).toBeGreaterThan(289);
    expect(plan(3840 * 2160, 'yuv420p', 18)).toBeLessThan(400);
    for (const pixels of [1280 * 720, 1920 * 1080])
      expect(plan(pixels, 'yuv420p', 6)).toBe(decoderMemory({ pixels, audio: false }) / MIB);
    const formats = ['yuv420p', 'yuvj422p', 'yuv444p', 'yuv420p10le', 'yuva444p', 'yuv422p10le', 'yuv444p12be'];
    const plans = formats.map((format) => plan(3840 * 2160, format, 8));
    expect(plans.toSorted((one, other) => one - other)).toEqual(plans);
    // of a format that is not known the most is taken
    expect(plan(1920 * 1080, 'unknown', 4)).toBeGreaterThan(plan(1920 * 1080, 'yuv444p12be', 4));
  });

  test('counts for sound the picture that whoever opens the file decodes, and what is read ahead', () => {
    const pixels = 7680 * 4320;
    // Measured: 103 MiB.
    expect(decoderMemory({ pixels: 0, audio: true, filePixels: pixels })).toBeGreaterThan(103 * MIB);
    const sound = decoderMemory({ pixels: 0, audio: true });
    expect(decoderMemory({ pixels: 0, audio: true, filePixels: 1280 * 720 })).toBe(sound);
    expect(decoderMemory({ pixels: 0, audio: true, lookAhead: 64 * MIB })).toBe(sound + 64 * MIB);
  });
});

describe.skipIf(!existsSync('/proc/self/smaps_rollup'))('a sampler that holds a limit (needs smaps_rollup)', () => {
  test('collects garbage when memory comes near it', async () => {
    const garbage = new WeakRef(new Array(1e6).fill(0));
    const sampler = new MemorySampler({ everyMilliseconds: 5 });
    sampler.hold(1);
    sampler.start();
    await until(() => garbage.deref() === undefined);
    sampler.stop();
  });
});
