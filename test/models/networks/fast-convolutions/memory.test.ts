import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { network } from '../../../../src/models/networks/network.ts';
import { temporaryFolder } from '../helpers.ts';

/** Bytes that this process takes, its part of what is shared included. */
const taken = () => 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]);

describe.skipIf(process.platform !== 'linux')('a network in the fast form (needs Linux to be measured)', () => {
  it('takes no more memory than it is planned to, but for what the test takes itself', async () => {
    const plan = network('alexnet', { weights: 'random:1', cacheDirectory: temporaryFolder() });
    const rows = Array.from({ length: 32 }, () => new Uint8Array(plan.inputLength).fill(77));
    const before = taken();
    const opened = await plan.open({ workers: 1, batch: rows.length });
    let peak = 0;
    for (let round = 0; round < 3; round++) {
      await opened.embed(rows);
      peak = Math.max(peak, taken() - before);
    }
    await opened.close();
    const { resident } = plan.memory({ workers: 1, batch: rows.length });
    expect(peak).toBeGreaterThan(plan.weightsBytes);
    expect(peak).toBeLessThan(resident + 16 * 2 ** 20);
  });
});
