import { lastValueFrom, map } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import type { OperatorMetrics } from '../../src/operators/operator-meter.ts';
import { BLOCKS, type Block, BlockReader } from './support/elements.ts';
import { VirtualTime } from './support/virtual-time.ts';

let time: VirtualTime;
beforeEach(() => {
  time = new VirtualTime();
});
afterEach(() => time.end());

const work = (milliseconds: number) => time.work(milliseconds);
const later = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/**
 * Runs source, mapAsync, batch, a synchronous stage and a committing consumer, one of them slow.
 */
async function shares(
  slow: 'source' | 'stage' | 'session' | 'statistics' | 'commit',
): Promise<Map<string, OperatorMetrics>> {
  const flow = new Flow(50);
  const pause = (name: string) => later(name === slow ? 24 : 0);
  const reader = new BlockReader(30);
  const next = async () => {
    await pause('source');
    return reader.next();
  };
  const statistics = flow.meter('statistics');
  const session = flow.microBatch<Block, Block>({
    name: 'session',
    maxCount: 4,
    maxDelay: 5,
    run: async (batch) => {
      await later(slow === 'session' ? 90 : 0);
      return batch;
    },
  });
  const stage = async (block: Block) => {
    await pause('stage');
    return block;
  };
  const commit = async (block: Block) => {
    await pause('commit');
    return block.index;
  };
  const ran = lastValueFrom(
    flow
      .source(() => ({ next }), { ...BLOCKS, name: 'source' })
      .pipe(
        flow.mapAsync(stage, { name: 'stage', concurrency: 1 }),
        session.batch(),
        map((block) => {
          statistics.in++;
          return statistics.run(() => {
            if (slow === 'statistics') work(24);
            return block;
          });
        }),
        flow.mapAsync(commit, { name: 'commit', concurrency: 1 }),
      ),
  );
  await time.until(ran);
  const { operators, wallSeconds } = flow.metrics();
  for (const it of operators) {
    expect(it.busySeconds + it.starvedSeconds + it.blockedSeconds).toBeCloseTo(wallSeconds, 6);
    expect(it.wallSeconds).toBeCloseTo(wallSeconds, 6);
  }
  return new Map(operators.map((it) => [it.name, it]));
}

describe('busy, starved and blocked time', () => {
  it.each(['source', 'stage', 'session', 'statistics', 'commit'] as const)(
    'sum to the wall time and show a slow %s as the busiest operator',
    async (slow) => {
      const operators = await shares(slow);
      const busiest = [...operators.values()].sort((a, b) => b.busySeconds - a.busySeconds)[0] as OperatorMetrics;
      const slowest = operators.get(slow) as OperatorMetrics;
      expect(slowest.busySeconds).toBeGreaterThan(slowest.wallSeconds * 0.5);
      // While the thread itself is kept busy, operations in progress cannot end: they count as
      // busy, as long as it does.
      if (slow === 'statistics') return;
      expect(busiest.name).toBe(slow);
      const source = operators.get('source') as OperatorMetrics;
      if (slow !== 'source') expect(source.blockedSeconds).toBeGreaterThan(source.wallSeconds * 0.5);
      else
        expect((operators.get('commit') as OperatorMetrics).starvedSeconds).toBeGreaterThan(busiest.wallSeconds * 0.5);
    },
  );

  it('count a downstream that works synchronously as blocked time of the source', async () => {
    const flow = new Flow(100);
    await lastValueFrom(flow.source(() => new BlockReader(5), BLOCKS).pipe(map(() => work(6))));
    const [source] = flow.metrics().operators as [OperatorMetrics];
    expect(source).toMatchObject({ name: 'blocks', kind: 'source', out: 5, peakBytes: 10 });
    expect([source.blockedSeconds, source.busySeconds]).toEqual([0.03, 0]);
  });

  it('are shared by all operators of one name, and a span ends once', () => {
    const flow = new Flow(100);
    const meter = flow.meter('commit');
    expect(flow.scope('one').meter('commit')).toBe(meter);
    const [one, two, held] = [meter.busy(), meter.busy(), meter.blocked()];
    work(3);
    one.end();
    one.end();
    work(3);
    two.end();
    work(3);
    held.end();
    work(3);
    const { busySeconds, blockedSeconds, starvedSeconds } = meter.metrics(performance.now());
    expect([busySeconds, blockedSeconds, starvedSeconds]).toEqual([0.006, 0.003, 0.003]);
    expect(flow.inFlight).toBe(0);
  });

  it('leave an operation behind when its work throws', () => {
    const meter = new Flow(100).meter('work');
    const failing = () => {
      throw new Error('broken');
    };
    expect(() => meter.run(failing)).toThrow('broken');
    expect(() => meter.emit({ next: failing }, 1)).toThrow('broken');
    work(3);
    expect(meter.metrics(performance.now())).toMatchObject({ busySeconds: 0, starvedSeconds: 0.003 });
  });

  it('are forgotten of names that all ended long ago, and of no other', async () => {
    const flow = new Flow(1000);
    const kept = flow.meter('kept');
    flow.scope('closed').reservation('kept').free();
    const open = flow.scope('open').reservation('open');
    for (let video = 0; video < 1500; video++) {
      const reads = flow.source(() => new BlockReader(1), { ...BLOCKS, name: `decode-${video}` });
      await lastValueFrom(reads.pipe(flow.window(1, { name: 'again' })));
    }
    const names = flow.metrics().operators.map(({ name }) => name);
    expect([names.length, names.includes('decode-1499'), names.includes('decode-0')]).toEqual([1002, true, false]);
    expect(names).toEqual(expect.arrayContaining(['kept', 'open', 'again']));
    expect(flow.meter('kept')).toBe(kept);
    open.free();
  });
});
