import { BehaviorSubject, bufferCount, lastValueFrom, map, of, scan, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { Frame } from '../../src/operators/frame.ts';
import { claimMemory, visitOwners } from '../../src/operators/memory-owners.ts';
import { Payload } from '../../src/operators/payload.ts';
import { Block, deferred, left, PICTURE, pictures, settled } from './support/elements.ts';

/** Bytes that the slots of a shared buffer have. */
const SLOT = 16;

/** A payload in a slot of shared memory; says that the slot is free when it becomes idle. */
class Slotted extends Payload {
  readonly #data: Uint8Array;
  idled = 0;

  constructor(shared: SharedArrayBuffer, slot: number) {
    super();
    this.#data = new Uint8Array(shared, slot * SLOT, SLOT);
    this.owns(this.#data);
  }

  get byteLength(): number {
    return SLOT;
  }

  get data(): Uint8Array {
    this.assertLive('a slot');
    return this.#data;
  }

  override onIdle(): void {
    this.idled++;
  }
}

class Detection {
  constructor(
    readonly label: string,
    readonly pixels: Uint8Array,
  ) {}
}

/** The first byte of whatever memory is in a value made by one of SHAPES. */
const SHAPES: readonly [string, (frame: Frame) => unknown, (value: never) => number | undefined][] = [
  ['the pixels', (frame) => frame.data, (data: Uint8Array) => data[0]],
  ['{ time, data }', ({ time, data }) => ({ time, data }), (it: { data: Uint8Array }) => it.data[0]],
  ['a part of a row', (frame) => frame.data.subarray(12, 24).subarray(3), (data: Uint8Array) => data[0]],
  ['another kind of view', ({ data }) => new DataView(data.buffer, 8, 4), (it: DataView) => it.getUint8(0)],
  ['the buffer', (frame) => frame.data.buffer, (buffer: ArrayBuffer) => new Uint8Array(buffer)[0]],
  ['an array of arrays', (frame) => [[1, [frame.data]]], (it: [[number, [Uint8Array]]]) => it[0][1][0][0]],
  [
    'an object in objects',
    ({ data }) => ({ a: { b: { c: [{ data }] } } }),
    (it: { a: { b: { c: { data: Uint8Array }[] } } }) => it.a.b.c[0]?.data[0],
  ],
  [
    'a map',
    ({ data }) => new Map([['pixels', { data }]]),
    (it: Map<string, { data: Uint8Array }>) => it.get('pixels')?.data[0],
  ],
  ['a set', (frame) => new Set([frame]), (it: Set<Frame>) => [...it][0]?.data[0]],
  [
    "an object of one's own class",
    ({ data }) => new Detection('cat', data.subarray(6)),
    (it: Detection) => it.pixels[0],
  ],
  ['{ frame, label }', (frame) => ({ frame, label: 'cat' }), (it: { frame: Frame }) => it.frame.data[0]],
];

describe('what an operator holds', () => {
  it.each(SHAPES)('keeps the picture whose memory it refers to: %s', async (_shape, shape, first) => {
    for (const ordered of [true, false]) {
      const flow = new Flow(10 * PICTURE, { maxOvercommit: 0 });
      const seen = await lastValueFrom(
        pictures(flow, 100).pipe(
          map(shape),
          flow.mapAsync(
            async (value) => {
              await settled();
              return first(value as never);
            },
            { concurrency: 4, ordered, cost: () => 0 },
          ),
          toArray(),
        ),
      );
      expect(seen.sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index));
      expect(flow.pool.allocations).toBeLessThan(11);
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    }
  });

  it('keeps pictures through a window of objects and an asynchronous step', async () => {
    const flow = new Flow(20 * PICTURE);
    const sums = await lastValueFrom(
      pictures(flow, 30).pipe(
        map((frame) => ({ frame, label: `picture ${frame.index}` })),
        flow.window(3),
        flow.mapAsync(
          async (window) => {
            await settled();
            return window.reduce((sum, { frame }) => sum + (frame.data[5] ?? Number.NaN), 0);
          },
          { concurrency: 3 },
        ),
        toArray(),
      ),
    );
    expect(sums).toEqual(Array.from({ length: 10 }, (_, index) => 9 * index + 3));
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('counts a picture once, whole, however many views of it are held', async () => {
    const flow = new Flow(1000);
    const frame = new Frame(flow.pool.take(PICTURE), 4, 4, 0, 0, (memory) => flow.pool.give(memory));
    const wait = deferred<void>();
    const slow = flow.mapAsync<unknown, void>(() => wait.promise, { concurrency: 9, cost: () => 0 });
    const done = [
      lastValueFrom(of(frame).pipe(slow)),
      lastValueFrom(of(frame.data.subarray(4, 6)).pipe(slow)),
      lastValueFrom(of([frame, frame.data, { row: frame.data.subarray(9) }]).pipe(slow)),
    ];
    expect(flow.held).toBe(PICTURE);
    // With what an array counts by default.
    done.push(lastValueFrom(of([frame]).pipe(flow.mapAsync<unknown, void>(() => wait.promise, { concurrency: 1 }))));
    expect(flow.held).toBe(PICTURE + 144 + 16);
    wait.resolve();
    await Promise.all(done);
    expect([frame.idle, ...left(flow)]).toEqual([true, 0, 0, 0, 0]);
  });

  it('keeps each slot of a shared buffer on its own', async () => {
    const flow = new Flow(1000);
    const shared = new SharedArrayBuffer(64 * SLOT);
    // Not in the order of their places.
    const slots = Array.from({ length: 64 }, (_, index) => new Slotted(shared, (index * 37) % 64));
    const gates = slots.map(() => deferred<void>());
    const done = slots.map((slot, index) =>
      lastValueFrom(
        of({ row: slot.data.subarray(index % SLOT) }).pipe(
          flow.mapAsync(() => gates[index]?.promise as Promise<void>, { concurrency: 1, cost: () => 0 }),
        ),
      ),
    );
    expect(flow.held).toBe(64 * SLOT);
    for (let index = 0; index < 64; index += 2) gates[index]?.resolve();
    await settled();
    expect(slots.map((slot) => slot.idled)).toEqual(slots.map((_, index) => (index % 2 === 0 ? 1 : 0)));
    for (const gate of gates) gate.resolve();
    await Promise.all(done);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('keeps two slots that one view spans, and none beside them', async () => {
    const flow = new Flow(1000);
    const shared = new SharedArrayBuffer(4 * SLOT);
    const slots = [0, 1, 2, 3].map((slot) => new Slotted(shared, slot));
    const done = lastValueFrom(
      of(new Uint8Array(shared, SLOT, 2 * SLOT)).pipe(flow.mapAsync(settled, { concurrency: 1, cost: () => 0 })),
    );
    expect([flow.held, slots.map((slot) => slot.holds)]).toEqual([2 * SLOT, [0, 1, 1, 0]]);
    await done;
    expect(slots.map((slot) => slot.idled)).toEqual([0, 1, 1, 0]);
  });

  it('belongs to the last payload that a slot was given to', async () => {
    const flow = new Flow(1000);
    const shared = new SharedArrayBuffer(2 * SLOT);
    const hold = (value: unknown) =>
      lastValueFrom(of(value).pipe(flow.mapAsync(settled, { concurrency: 1, cost: () => 0 })));
    const first = new Slotted(shared, 1);
    const view = first.data;
    await hold(view);
    await expect(hold(view.subarray(2))).rejects.toMatchObject({ code: 'recycled' });
    const second = new Slotted(shared, 1);
    const done = hold(second.data);
    expect([first.holds, second.holds]).toEqual([0, 1]);
    await done;
    // One that was never held, as of a read that was given up, is not an owner either.
    new Slotted(shared, 0);
    const third = new Slotted(shared, 0);
    const again = hold(third);
    expect([third.holds, flow.held]).toEqual([1, SLOT]);
    await again;
  });

  it('looks again at an array that has grown since it was held', async () => {
    const flow = new Flow(1000);
    const seen = await lastValueFrom(
      pictures(flow, 4).pipe(
        scan((list: Uint8Array[], frame) => {
          list.push(frame.data);
          return list;
        }, []),
        flow.window(4),
        map((windows) => windows[3]?.map((data) => data[0])),
      ),
    );
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('keeps what a payload of its own rests on: a view among its fields, or memory that it says it owns', async () => {
    class Crop extends Payload {
      constructor(readonly pixels: Uint8Array) {
        super();
      }
      get byteLength() {
        return this.pixels.byteLength;
      }
    }
    class Hidden extends Payload {
      readonly #pixels: Uint8Array;
      constructor(pixels: Uint8Array) {
        super();
        this.#pixels = pixels;
        this.owns(pixels);
      }
      get byteLength() {
        return this.#pixels.byteLength;
      }
      get pixels() {
        return this.#pixels;
      }
    }
    for (const make of [(data: Uint8Array) => new Crop(data), (data: Uint8Array) => new Hidden(data)]) {
      const flow = new Flow(1000);
      const seen = await lastValueFrom(
        pictures(flow, 20).pipe(
          map((frame) => make(frame.data.subarray(5, 9))),
          flow.mapAsync(
            async (crop) => {
              await settled();
              return crop.pixels[0];
            },
            { concurrency: 3 },
          ),
          toArray(),
        ),
      );
      expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index));
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    }
  });

  it('leaves memory that nobody uses again to whoever still has a view of it', async () => {
    class Tile extends Payload {
      readonly byteLength = 8;
      readonly pixels = new Uint8Array(8).fill(3);
    }
    const flow = new Flow(1000);
    let index = 0;
    const tiles = flow.source(() => ({ next: () => (index++ < 3 ? new Tile() : undefined) }), {
      name: 'tiles',
      cost: () => 8,
      estimate: 8,
    });
    const seen = await lastValueFrom(
      tiles.pipe(
        map((tile) => tile.pixels),
        bufferCount(3),
        flow.mapAsync(async (list) => list.map((pixels) => pixels[0]), { concurrency: 1 }),
      ),
    );
    expect(seen).toEqual([3, 3, 3]);
  });

  it.each(SHAPES)('is refused when a plain operator kept it too long: %s', async (_shape, shape) => {
    const flow = new Flow(10 * PICTURE);
    const late = pictures(flow, 8).pipe(map(shape), bufferCount(8), flow.mapAsync(settled, { concurrency: 1 }));
    await expect(lastValueFrom(late)).rejects.toMatchObject({ code: 'recycled' });
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('does not look into observables and promises, and ends at what contains itself', async () => {
    const flow = new Flow(1000);
    const value: { list: unknown[]; self?: unknown; later: Promise<Block>; stream: BehaviorSubject<Block> } = {
      list: [new Block(0)],
      later: Promise.resolve(new Block(1)),
      stream: new BehaviorSubject(new Block(2)),
    };
    value.self = value;
    value.list.push(value.list);
    const done = lastValueFrom(of(value).pipe(flow.mapAsync(settled, { concurrency: 1, cost: () => 0 })));
    expect(flow.held).toBe(10);
    await done;
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});

describe('memory that was transferred away', () => {
  it('still belongs to everyone who had a part of it', () => {
    class Part extends Payload {
      readonly byteLength = 4;
    }
    const buffer = new ArrayBuffer(8);
    const [first, second] = [new Part(), new Part()];
    claimMemory(new Uint8Array(buffer, 0, 4), first);
    claimMemory(new Uint8Array(buffer, 4, 4), second);
    const view = new Uint8Array(buffer, 4, 4);
    const ownersOf = (memory: Uint8Array): Payload[] => {
      const owners: Payload[] = [];
      visitOwners(memory, (owner) => owners.push(owner));
      return owners;
    };
    expect(ownersOf(view)).toEqual([second]);
    structuredClone(buffer, { transfer: [buffer] });
    expect(ownersOf(view)).toEqual([first, second]);
  });
});
