import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sharedMemory } from '../../../src/core/shared-memory.ts';
import { DecoderChild, runningDecoders } from '../../../src/io/media/decoder-child.ts';
import { runs } from '../../fixtures/downloader.ts';
import { until } from '../../fixtures/until.ts';

/**
 * A program that writes the bytes 0, 1, 2 ... (modulo 251) in chunks of the given sizes, and says
 * on descriptor 3 how many it has written.
 */
const counting = `
  let next = 0;
  const chunks = process.argv.slice(1).map(Number);
  const { writeSync } = require('node:fs');
  for (const size of chunks) {
    const chunk = Uint8Array.from({ length: size }, () => next++ % 251);
    for (let at = 0; at < size; ) {
      try { at += writeSync(1, chunk, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
    }
    writeSync(3, next + '\\n');
  }
  process.stderr.write('written');
`;
const start = (...chunks: number[]) =>
  DecoderChild.start(process.execPath, ['-e', counting, ...chunks.map(String)], process.env);

async function readAll(child: DecoderChild, sizes: readonly number[], isShared: boolean): Promise<Buffer> {
  const received: Uint8Array[] = [];
  for (let turn = 0; ; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const into = new Uint8Array(isShared ? sharedMemory(size) : new ArrayBuffer(size));
    const filled = await child.read(into);
    received.push(into.subarray(0, filled));
    if (filled < size) return Buffer.concat(received);
  }
}

describe('DecoderChild', () => {
  test('gives the same bytes in order, however they arrive and are asked for, into shared memory and into other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (chunks, sizes, isShared) => {
          const child = await start(...chunks);
          const large = sizes.map((size) => (isShared ? size + 20_000 : size + 50_000));
          const received = await readAll(child, large, isShared);
          const total = chunks.reduce((sum, size) => sum + size, 0);
          expect(received.equals(Uint8Array.from({ length: total }, (_, index) => index % 251))).toBe(true);
          expect(await child.exit).toEqual({ code: 0, signal: null });
          expect(await child.read(new Uint8Array(1))).toBe(0);
        },
      ),
      { numRuns: 8 },
    );
  });

  test('gives what came before the end to whoever asks after it, and ends then', async () => {
    const child = await start(10);
    let printed = '';
    child.errors.on('data', (text: string) => {
      printed += text;
    });
    expect([...(await firstBytes(child, 4))]).toEqual([0, 1, 2, 3]);
    while (printed !== 'written') await new Promise((done) => setTimeout(done, 5));
    expect([...(await firstBytes(child, 4))]).toEqual([4, 5, 6, 7]);
    expect([...(await firstBytes(child, 4))]).toEqual([8, 9]);
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  test('takes no more than a pipe holds while nobody reads', async () => {
    const child = await start(...Array.from({ length: 100 }, () => 50_000));
    const written: number[] = [];
    child.times.on('data', (text: string) => written.push(...text.trim().split('\n').map(Number)));
    await child.read(new Uint8Array(10));
    await new Promise((done) => setTimeout(done, 300));
    expect(written.at(-1) ?? 0).toBeLessThan(1_000_000);
    child.kill();
    expect(await child.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('a read settles when the program is killed, with what had come, and the memory is left alone from then on', async () => {
    const child = await start(30, 0);
    const into = new Uint8Array(sharedMemory(100_000));
    const sleeper = await DecoderChild.start(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], process.env);
    const waiting = sleeper.read(into);
    sleeper.kill();
    expect(await waiting).toBe(0);
    expect((await sleeper.exit).signal).toBe('SIGKILL');
    expect(await child.read(into)).toBe(30);
    await child.exit;
  });

  test('one that is killed in the turn in which it is asked for bytes ends, and so does the read', async () => {
    for (let round = 0; round < 10; round++) {
      const child = await start(200_000, 200_000);
      await firstBytes(child, 10);
      // Now some of its output lies in the thread, and more in the pipe.
      const waiting = child.read(new Uint8Array(sharedMemory(300_000)));
      child.kill();
      expect(await waiting).toBeLessThanOrEqual(300_000);
      expect((await child.exit).code).toBeNull();
    }
  });

  test('one that is killed ends also when it has ended on its own before all it wrote was asked for', async () => {
    const into = new Uint8Array(1000);
    // Where the end falls between two reads is chance: of so many some fall everywhere.
    const several = async (first: number) => {
      for (let round = first; round < 300; round += 4) {
        const child = await DecoderChild.start('/usr/bin/head', ['-c', '150000', '/dev/zero'], process.env);
        for (let reads = 0; reads < round % 150; reads++) await child.read(into);
        child.kill();
        await child.exit;
      }
    };
    await Promise.all([0, 1, 2, 3].map(several));
  });

  test('a read that is asked for while the end is being told settles with nothing', async () => {
    for (let round = 0; round < 30; round++) {
      const child = await DecoderChild.start('/bin/true', [], process.env);
      while ((await child.read(new Uint8Array(8))) > 0);
      await new Promise((done) => setTimeout(done, round % 5));
      expect(await child.read(new Uint8Array(8))).toBe(0);
      await child.exit;
    }
  });

  test('ends though nobody asks whether there is more than was read', async () => {
    for (let round = 0; round < 10; round++) {
      const child = await start(1000);
      expect(await child.read(new Uint8Array(1000))).toBe(1000);
      expect(await child.exit).toEqual({ code: 0, signal: null });
    }
  });

  test('many that are started at once and end at once lose nothing of what they wrote', async () => {
    const script = 'echo output; echo error >&2; echo time >&3';
    const run = async () => {
      const child = await DecoderChild.start('/bin/sh', ['-c', script], process.env);
      const texts = { errors: '', times: '' };
      for (const name of ['errors', 'times'] as const) {
        child[name].on('data', (text: string) => {
          texts[name] += text;
        });
      }
      const into = new Uint8Array(100);
      const filled = await child.read(into);
      expect(await child.exit).toEqual({ code: 0, signal: null });
      return { output: Buffer.from(into.subarray(0, filled)).toString(), ...texts };
    };
    const found = await Promise.all(Array.from({ length: 60 }, run));
    expect(new Set(found.map((texts) => JSON.stringify(texts)))).toEqual(
      new Set([JSON.stringify({ output: 'output\n', errors: 'error\n', times: 'time\n' })]),
    );
  });

  test("a program that is not there is the system's error, and others continue", async () => {
    await expect(DecoderChild.start('/nowhere/ffmpeg', [], process.env)).rejects.toMatchObject({ code: 'ENOENT' });
    const child = await start(3);
    expect(await child.read(new Uint8Array(8))).toBe(3);
  });
});

async function firstBytes(child: DecoderChild, count: number): Promise<Uint8Array> {
  const into = new Uint8Array(count);
  return into.subarray(0, await child.read(into));
}

describe.skipIf(process.platform !== 'linux')('the process that starts decoders (Linux)', () => {
  const sleep = () => DecoderChild.start(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], process.env);
  /** The process that started one. */
  const parentOf = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]);
  const launcherOf = async () => {
    const before = new Set(runningDecoders());
    const child = await sleep();
    const [pid = 0] = [...runningDecoders()].filter((running) => !before.has(running));
    return { child, pid, launcher: parentOf(pid) };
  };

  test('is a small one below this process', async () => {
    const { child, launcher } = await launcherOf();
    expect(readFileSync(`/proc/${launcher}/cmdline`, 'utf8')).toContain('program-launcher.js');
    expect(parentOf(launcher)).toBe(process.pid);
    child.kill();
    await child.exit;
  });

  test('when it dies, a read fails as a fault of the system, its decoders end, and the next is started by another', async () => {
    const { child, pid, launcher } = await launcherOf();
    const reading = child.read(new Uint8Array(10));
    process.kill(launcher, 'SIGKILL');
    await expect(reading).rejects.toMatchObject({ name: 'SystemError', code: 'system' });
    expect(await child.exit).toEqual({ code: null, signal: null });
    await until(() => !runs(pid));
    const next = await launcherOf();
    expect(next.launcher).not.toBe(launcher);
    next.child.kill();
    expect(await next.child.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });
});
