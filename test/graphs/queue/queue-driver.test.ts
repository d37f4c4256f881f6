import { describe, expect, it } from 'vitest';
import { Fleet } from '../../../src/graphs/runners/queue/fleet.ts';
import { QueueDriver } from '../../../src/graphs/runners/queue/queue-driver.ts';
import type { Outcome } from '../../../src/io/dataset/outcomes.ts';
import type { DriverQueue } from '../../../src/io/queue/driver-queue.ts';
import type { Job } from '../../../src/io/queue/job.ts';

/** A queue in memory whose worker does a job at each look, and the dataset that it writes. */
class Simulation {
  readonly done = new Map<string, Outcome>();
  readonly said: string[] = [];
  readonly added: string[] = [];
  readonly fleet = new Fleet(() => undefined);
  readonly stop = new AbortController();
  jobs: Job[] = [];
  /** Jobs that the queue thinks somebody has. */
  held: Job[] = [];
  /** Whether somebody works on something, by what the dataset says. */
  isWorkedOn = () => false;
  most = 0;
  /** What happens to the next job. */
  work: (job: Job) => void = ({ item }) => this.done.set(item, 'committed');

  readonly queue: DriverQueue = {
    add: async (jobs) => {
      const there = new Set(this.jobs.map(({ item }) => item));
      this.jobs.push(...jobs.filter(({ item }) => !there.has(item)));
      this.added.push(...jobs.map(({ item }) => item));
      this.most = Math.max(this.most, this.jobs.length);
    },
    depth: async () => {
      for (const job of this.jobs.splice(0, 4)) this.work(job);
      return { waiting: this.jobs.length, delayed: 0, active: this.held.length };
    },
    workers: async () => 1,
    empty: async () => void this.jobs.splice(0),
    drop: async () => {
      this.jobs.length = 0;
      this.held.length = 0;
    },
    close: async () => undefined,
  };

  drive(items: readonly string[], isSettled: (item: string) => boolean = () => true): Promise<string> {
    return new QueueDriver<string>({
      items,
      queue: this.queue,
      jobOf: (item) => ({ item, graph: 'graph' }),
      outcomes: async () => (id) => this.done.get(id),
      isSettled: async (item) => isSettled(item),
      isWorkedOn: async () => this.isWorkedOn(),
      reopen: async (item) => void this.done.delete(item),
      ...{ fleet: this.fleet, stop: this.stop.signal, say: (sentence) => this.said.push(sentence) },
      ...{ window: 10, pause: 0, standstill: 20 },
    }).run();
  }
}

const items = Array.from({ length: 95 }, (_, index) => `item-${index}`);

describe('the driver of a queue', () => {
  it('has every item done, with never more than a window of jobs in the queue', async () => {
    const simulation = new Simulation();
    expect(await simulation.drive(items)).toBe('done');
    expect([...simulation.done.keys()].sort()).toEqual([...items].sort());
    expect(simulation.most).toBeLessThanOrEqual(10);
    expect(simulation.added).toHaveLength(items.length);
  });

  it('leaves what the dataset has done, and queues what it only seems to have', async () => {
    const simulation = new Simulation();
    simulation.done.set('a', 'committed').set('b', 'dead').set('changed', 'committed').set('skipped', 'skipped');
    let isChanged = true;
    simulation.work = ({ item }) => {
      if (item === 'changed') isChanged = false;
      simulation.done.set(item, item === 'skipped' ? 'skipped' : 'committed');
    };
    const settled = (item: string) => item !== 'changed' || !isChanged;
    expect(await simulation.drive(['a', 'b', 'changed', 'new', 'skipped'], settled)).toBe('done');
    expect(simulation.added).toEqual(['changed', 'new', 'skipped']);
    expect(simulation.fleet.before).toBe(2);
  });

  it('ends only when what was left out before has been looked at again', async () => {
    const simulation = new Simulation();
    simulation.done.set('long', 'skipped');
    const looked: string[] = [];
    simulation.work = ({ item }) => {
      looked.push(item);
      simulation.done.set(item, 'committed');
    };
    expect(await simulation.drive(['long'])).toBe('done');
    expect(looked).toEqual(['long']);
    expect(simulation.done.get('long')).toBe('committed');
  });

  it('queues again what the queue has lost, and only that', async () => {
    const simulation = new Simulation();
    let isLost = false;
    simulation.work = ({ item }) => {
      if (item === 'item-50' && !isLost) {
        isLost = true;
        simulation.jobs = [];
        return;
      }
      simulation.done.set(item, 'committed');
    };
    expect(await simulation.drive(items)).toBe('done');
    expect(simulation.done.size).toBe(items.length);
    const again = simulation.added.length - items.length;
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThanOrEqual(10);
  });

  it('queues again what the queue thinks somebody has, when nobody works on anything', async () => {
    const simulation = new Simulation();
    let looks = 0;
    simulation.isWorkedOn = () => {
      looks += 1;
      return looks < 50;
    };
    let isKept = true;
    simulation.work = (job) => {
      if (job.item === 'item-94' && isKept) simulation.held.push(job);
      else simulation.done.set(job.item, 'committed');
      isKept = isKept && job.item !== 'item-94';
    };
    expect(await simulation.drive(items)).toBe('done');
    expect(simulation.done.size).toBe(items.length);
    // As long as somebody worked, it waited.
    expect(looks).toBeGreaterThan(50);
    expect(simulation.added.filter((item) => item === 'item-94')).toHaveLength(2);
    expect(simulation.said).toEqual(['nobody is working on the jobs that are out; they are queued again']);
  });

  it('waits out a server that fails, and says so once', async () => {
    const simulation = new Simulation();
    const { depth } = simulation.queue;
    let failures = 0;
    const queue = {
      ...simulation.queue,
      depth: () => {
        failures += 1;
        return failures > 3 && failures < 8 ? Promise.reject(new Error('gone')) : depth();
      },
    };
    Object.assign(simulation, { queue });
    expect(await simulation.drive(items)).toBe('done');
    expect(simulation.said).toEqual([
      'the queue does not answer (gone); waiting until it does',
      'the queue answers again',
    ]);
  });

  it('ends with the reasons when workers refuse all that is left', async () => {
    const simulation = new Simulation();
    simulation.work = () => void simulation.fleet.refuse('it is of another graph');
    await expect(simulation.drive(['a', 'b'])).rejects.toMatchObject({
      code: 'queue',
      message: expect.stringContaining('2 jobs that are left: it is of another graph'),
    });
  });

  it('stopped, takes away what nobody has begun', async () => {
    const simulation = new Simulation();
    simulation.work = () => simulation.stop.abort();
    expect(await simulation.drive(items)).toBe('stopped');
    expect(simulation.jobs).toEqual([]);
  });
});

describe('what workers say', () => {
  it('is shown, and nothing that is not a report', () => {
    const told: string[] = [];
    const fleet = new Fleet(({ item }) => told.push(item));
    const item = { item: 'a', path: '/a', type: 'committed', frames: 3, patches: 0, seconds: 2, notes: [] };
    fleet.take({ worker: 'one', item, busy: { decode: 3, embed: 1 } });
    fleet.take({ worker: 'two', item: { ...item, item: 'b' }, busy: { embed: 5 } });
    for (const forged of [null, 'x', {}, { worker: 'x', item: { ...item, frames: 'many' } }, { item }])
      fleet.take(forged);
    expect([told, fleet.done, fleet.frames]).toEqual([['a', 'b'], 2, 6]);
    expect(fleet.state.bottleneck).toBe('embed');
  });
});
