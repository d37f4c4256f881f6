import { describe, expect, it } from 'vitest';
import { redisMissing } from '../fixtures/redis-server.ts';
import { FAULTS } from './fault-kinds.ts';
import { runFaults } from './run-faults.ts';

const title = redisMissing === undefined ? 'a queue on Redis' : `a queue on Redis (left out: ${redisMissing})`;

/** Kinds that take the harness seconds each; `npm run faults` does them too. */
const SLOW = ['an item that kills its worker is added', 'a worker is stopped for longer than its lock, and continues'];

describe.skipIf(redisMissing !== undefined)(title, () => {
  it('loses nothing and doubles nothing, whoever is killed and whatever it forgets', async () => {
    const kinds = Object.keys(FAULTS).filter((kind) => !SLOW.includes(kind));
    const report = await runFaults(({ campaigns }) => campaigns === 0, 6, kinds);
    expect(report.failures).toEqual([]);
    expect(Object.values(report.faults).reduce((sum, times) => sum + times, 0)).toBe(6);
  });
});
