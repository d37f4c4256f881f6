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
  it('gives sessions of a network the threads that it prefers, and what is fixed goes before that', () => {
    const plan = (more: Partial<NetworkNeed>) =>
      planMemory(64 * 1024 * MiB, needs({ cores: 16, networks: [networkNeed(240 * MiB, 30 * MiB, more)] })).networks[0];
    expect(plan({})).toMatchObject({ workers: 16, threads: 1 });
    expect(plan({ preferredThreads: 4 })).toMatchObject({ workers: 4, threads: 4 });
    expect(plan({ preferredThreads: 4, fixed: { workers: 8 } })).toMatchObject({ workers: 8, threads: 2 });
    expect(plan({ preferredThreads: 4, fixed: { threads: 1 } })).toMatchObject({ workers: 16, threads: 1 });
    expect(plan({ preferredThreads: 32 })).toMatchObject({ workers: 1, threads: 16 });
  });

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
        // What elements may take over their budget when nothing else can move is spent too.
        expect(spent + plan.overcommit).toBeLessThanOrEqual(limit * MiB);
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
          least = Number(/memory: '(\d+)MiB'/.exec((error as UsageError).remedy ?? '')?.[1]);
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

  it('has a line for the threads of decoders, one for every four cores as far as there are programs for them', () => {
    const threads = (more: Partial<MemoryNeeds>) =>
      planMemory(8192 * MiB, needs(more)).parts.find(({ name }) => name.endsWith('of decoders'));
    expect(threads({ cores: 4 })).toEqual({ name: '1 thread(s) of decoders', bytes: 24 * MiB });
    expect(threads({ cores: 32, concurrency: 16 })).toEqual({ name: '8 thread(s) of decoders', bytes: 8 * 24 * MiB });
    expect(threads({ cores: 64, concurrency: 1 })).toEqual({ name: '4 thread(s) of decoders', bytes: 4 * 24 * MiB });
  });

  it('takes more videos than cores at a time where each is over before the batches are full, and memory has room', () => {
    const videos = (more: Partial<MemoryNeeds>, limit = 8192) => planMemory(limit * MiB, needs(more)).concurrency;
    expect(videos({})).toBe(2);
    expect(videos({ perItem: 2000 })).toBe(2);
    expect(videos({ perItem: 25 })).toBe(Math.ceil((2 * 2 * 32) / 25));
    expect(videos({ perItem: 1 })).toBe(8);
    expect(videos({ perItem: 25, items: 3 })).toBe(3);
    expect(videos({ perItem: 25, concurrency: 1 })).toBe(1);
    expect(videos({ perItem: 25 }, 900)).toBe(2);
  });

  it('lets elements exceed their budget only as far as the limit has room', () => {
    const ample = planMemory(8192 * MiB, needs());
    expect(ample.overcommit).toBe(Math.floor(ample.budget / 4));
    const tight = planMemory(522 * MiB, needs());
    expect(tight.overcommit).toBe(0);
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
