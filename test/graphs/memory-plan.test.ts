import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { type MemoryNeeds, type NetworkNeed, planMemory } from '../../src/graphs/memory-plan.ts';

const MiB = 2 ** 20;

function networkNeed(weights: number, perWorker: number, more: Partial<NetworkNeed> = {}): NetworkNeed {
  return {
    name: 'network',
    elementBytes: 150_528,
    preferredBatch: 32,
    fixed: {},
    single: false,
    cost: ({ workers, batch }) => {
      const resident = weights + workers * (perWorker + batch * 300_000);
      return { creationPeak: resident + weights / 2, resident };
    },
    ...more,
  };
}

const needs = (more: Partial<MemoryNeeds> = {}): MemoryNeeds => ({
  networks: [networkNeed(240 * MiB, 30 * MiB)],
  decoders: 130 * MiB,
  claim: MiB,
  concurrency: undefined,
  cores: 2,
  ...more,
});

const arbitraryNeeds = fc
  .record({
    weights: fc.integer({ min: 1, max: 400 }),
    perWorker: fc.integer({ min: 1, max: 100 }),
    decoders: fc.integer({ min: 0, max: 200 }),
    claim: fc.integer({ min: 0, max: 300 }),
    cores: fc.constantFrom(1, 2, 4, 8, 16),
  })
  .map(({ weights, perWorker, decoders, claim, cores }) =>
    needs({
      networks: [networkNeed(weights * MiB, perWorker * MiB)],
      decoders: decoders * MiB,
      claim: claim * MiB,
      cores,
    }),
  );

describe('planMemory', () => {
  it('never spends more than the limit, neither while sessions are created nor while the graph runs', () => {
    fc.assert(
      fc.property(arbitraryNeeds, fc.integer({ min: 200, max: 8000 }), (given, limit) => {
        let plan: ReturnType<typeof planMemory>;
        try {
          plan = planMemory(limit * MiB, given);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          return;
        }
        const spent = plan.parts.reduce((sum, part) => sum + part.bytes, 0) + plan.budget;
        expect(spent).toBeLessThanOrEqual(limit * MiB);
        expect(plan.creationPeak).toBeLessThanOrEqual(limit * MiB);
        expect(plan.budget).toBeGreaterThanOrEqual(given.claim);
      }),
    );
  });

  it('refuses a limit by naming one that it then accepts', () => {
    fc.assert(
      fc.property(arbitraryNeeds, (given) => {
        let least = 0;
        try {
          planMemory(10 * MiB, given);
        } catch (error) {
          least = Number(/--memory (\d+)MiB/.exec((error as UsageError).remedy ?? '')?.[1]);
          expect((error as UsageError).code).toBe('memory-too-small');
        }
        expect(() => planMemory(least * MiB, given)).not.toThrow();
        expect(() => planMemory((least - 1) * MiB, given)).toThrow(UsageError);
      }),
    );
  });

  it('takes one single-threaded worker per core where memory is ample, and one session of all threads where it binds', () => {
    expect(planMemory(4096 * MiB, needs()).networks).toEqual([{ workers: 2, threads: 1, batch: 32 }]);
    const heavy = needs({ networks: [networkNeed(100 * MiB, 300 * MiB)], concurrency: 1 });
    expect(planMemory(860 * MiB, heavy).networks[0]).toMatchObject({ workers: 1, threads: 2 });
  });

  it('keeps what the user fixed', () => {
    const fixed = needs({
      networks: [networkNeed(240 * MiB, 30 * MiB, { fixed: { workers: 1, threads: 3, batch: 7 } })],
      concurrency: 5,
    });
    const plan = planMemory(4096 * MiB, fixed);
    expect(plan.networks).toEqual([{ workers: 1, threads: 3, batch: 7 }]);
    expect(plan.concurrency).toBe(5);
  });
});
