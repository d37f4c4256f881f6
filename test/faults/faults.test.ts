import { describe, expect, it } from 'vitest';
import { FAULTS } from './fault-kinds.ts';
import { QUEUE_SERVERS, type QueueServerName } from './queue-server.ts';
import { runFaults } from './run-faults.ts';

/** Kinds that take the harness seconds each; `npm run faults` does them too. */
const SLOW = ['an item that kills its worker is added', 'a worker is stopped for longer than its lock, and continues'];
const kinds = Object.keys(FAULTS).filter((kind) => !SLOW.includes(kind));

for (const [name, { missing }] of Object.entries(QUEUE_SERVERS)) {
  const title = missing === undefined ? `a queue on ${name}` : `a queue on ${name} (left out: ${missing})`;
  describe.skipIf(missing !== undefined)(title, () => {
    it('loses nothing and doubles nothing, whoever is killed and whatever it forgets', async () => {
      const report = await runFaults(({ campaigns }) => campaigns === 0, 6, {
        ...{ kinds, servers: [name as QueueServerName] },
      });
      expect(report.failures).toEqual([]);
      expect(Object.values(report.faults).reduce((sum, times) => sum + times, 0)).toBe(6);
    });
  });
}
