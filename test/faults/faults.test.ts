import { describe, expect, it } from 'vitest';
import { FAULTS } from './fault-kinds.ts';
import { FLEETS, type FleetName } from './queue-server.ts';
import { runFaults } from './run-faults.ts';

/** Kinds that take the harness seconds each; `npm run faults` does them too. */
const SLOW = ['an item that kills its worker is added', 'a worker is stopped for longer than its lock, and continues'];
const kinds = Object.keys(FAULTS).filter((kind) => !SLOW.includes(kind));

const WHAT: Readonly<Record<FleetName, string>> = {
  Redis: 'a queue on Redis',
  PostgreSQL: 'a queue on PostgreSQL',
  shards: 'a corpus in shards',
  S3: 'a corpus in shards with its dataset in an object store',
};

for (const [name, { missing }] of Object.entries(FLEETS)) {
  const what = WHAT[name as FleetName];
  const title = missing === undefined ? what : `${what} (left out: ${missing})`;
  describe.skipIf(missing !== undefined)(title, () => {
    it('loses nothing and doubles nothing, whoever is killed and whatever it forgets', async () => {
      const report = await runFaults(({ campaigns }) => campaigns === 0, 6, {
        ...{ kinds, fleets: [name as FleetName] },
      });
      expect(report.failures).toEqual([]);
      expect(Object.values(report.faults).reduce((sum, times) => sum + times, 0)).toBe(6);
    });
  });
}
