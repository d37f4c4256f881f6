import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedMemory } from '../../../src/core/shared-memory.ts';
import { network } from '../../../src/models/networks/network.ts';
import { placesOf } from '../../../src/models/networks/on-device.ts';
import { rehearse } from '../../../src/models/onnx/rehearse.ts';
import { WorkerPool } from '../../../src/models/onnx/worker-pool.ts';
import { temporaryFolder } from './helpers.ts';

const cacheDirectory = temporaryFolder();
const plan = () => network('squeezenet1_1', { weights: 'random:1', cacheDirectory });
const frame = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 1009 + (index >> 7)) & 255);
const onCpu = { device: 'cpu', number: 0 } as const;

describe('sessions on a device', () => {
  it('are one at each place, or as many as are asked for, in turn; on WebGPU never more than one', () => {
    expect(placesOf({ device: 'cuda', numbers: [0, 2] })).toEqual([
      { device: 'cuda', number: 0 },
      { device: 'cuda', number: 2 },
    ]);
    expect(placesOf({ device: 'cuda', numbers: [0, 1], workers: 3 }).map(({ number }) => number)).toEqual([0, 1, 0]);
    expect(placesOf({ device: 'webgpu', numbers: [0] })).toHaveLength(1);
    expect(() => placesOf({ device: 'webgpu', numbers: [0], workers: 2 })).toThrow('must be 1, but is 2');
  });

  it('run the whole network in whole batches of one shape, and give what the parts of the CPU give', async () => {
    const found = plan();
    const { plan: session, inputBytes } = found.rehearsed({ device: 'cuda', batch: 4 });
    expect(session.parts).toHaveLength(1);
    expect(session.parts[0]).toMatchObject({ rows: 4, minRows: 4 });
    const rows = Array.from({ length: 6 }, (_, seed) => frame(found.inputLength, seed));
    const cpu = await found.open({ batch: 8 });
    const expected = (await cpu.embed(rows)) as readonly Float32Array[];
    await cpu.close();
    // The same sessions with the CPU's kernels: batches of 4 and of 2, which is filled up.
    const pool = await WorkerPool.open(session, inputBytes, [onCpu]);
    const vectors: Float32Array[] = [];
    for (const batch of [rows.slice(0, 4), rows.slice(4)]) {
      await pool.run(batch, (output) => {
        for (let at = 0; at < output.length; at += found.dimension)
          vectors.push(output.slice(at, at + found.dimension));
      });
    }
    await pool.close();
    expect(vectors).toHaveLength(6);
    for (const [index, vector] of vectors.entries()) {
      const reference = expected[index] as Float32Array;
      const greatest = Math.max(...reference.map(Math.abs));
      expect(Math.max(...vector.map((value, at) => Math.abs(value - (reference[at] as number))))).toBeLessThan(
        1e-5 * greatest,
      );
    }
  });

  it('read rows in shared memory where they lie, and rows elsewhere from a copy, with the same bits', async () => {
    const found = plan();
    const opened = await found.open({ batch: 4 });
    const rows = Array.from({ length: 4 }, (_, seed) => frame(found.inputLength, seed));
    const shared = rows.map((row) => {
      const memory = new Uint8Array(sharedMemory(row.length));
      memory.set(row);
      return memory;
    });
    const plain = await opened.embed(rows);
    expect(await opened.embed(shared)).toEqual(plain);
    expect(await opened.embed([shared[0] as Uint8Array, rows[1] as Uint8Array])).toEqual(plain.slice(0, 2));
    // A view of a part of shared memory is not its whole: it is copied.
    const wide = new Uint8Array(sharedMemory(2 * found.inputLength));
    wide.set(rows[3] as Uint8Array, found.inputLength);
    expect(await opened.embed([wide.subarray(found.inputLength)])).toEqual([plain[3]]);
    await opened.close();
  });

  it('are planned with weights and activations for every session, and the driver once', () => {
    const one = plan().deviceMemory({ sessions: 1, batch: 64 });
    const two = plan().deviceMemory({ sessions: 2, batch: 64 });
    expect(two.total - one.total).toBe(one.session);
    expect(one.session).toBeGreaterThan(plan().weightsBytes);
    expect(plan().deviceMemory({ sessions: 1, batch: 8 }).session).toBeLessThan(one.session);
  });
});

describe('a rehearsal', () => {
  const networkOf = (batch: number) => ({ ...plan().rehearsed({ device: 'cuda', batch }), places: [onCpu] });

  it('runs the sessions of a plan in a process of its own', async () => {
    expect(await rehearse([networkOf(2)], cacheDirectory)).toEqual({ usable: true, sessionsPerPlace: [1] });
  });

  it('says what a session could not do, and remembers nothing of it', async () => {
    rmSync(join(cacheDirectory, 'devices'), { recursive: true, force: true });
    const network = networkOf(2);
    const [part] = network.plan.parts;
    const broken = {
      ...network,
      plan: { ...network.plan, parts: [{ ...part, model: join(cacheDirectory, 'none.onnx') }] },
    };
    const found = await rehearse([broken as typeof network], cacheDirectory);
    expect(found).toMatchObject({ usable: false, reason: expect.stringContaining('none.onnx') });
    const kept = join(cacheDirectory, 'devices');
    expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([]);
  });

  it('survives what ends the process that runs it', async () => {
    const network = networkOf(2);
    // No thread can be made of it: the child ends with an error that nobody catches.
    const found = await rehearse([{ ...network, plan: undefined as never }], cacheDirectory);
    expect(found.usable).toBe(false);
  });
});
