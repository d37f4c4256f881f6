import { describe, expect, it } from 'vitest';
import { RunTally } from '../../src/graphs/run-tally.ts';
import { Video } from '../../src/io/media/video.ts';

const unit = (frames: number, seconds: number) => ({
  ...{ frames, seconds, patches: 2, partial: false, notes: [], media: {} },
});

describe('RunTally', () => {
  it('estimates what is left from the lengths met so far', () => {
    const tally = new RunTally(4);
    const [a, b] = [new Video('a.mp4'), new Video('b.mp4')];
    expect(tally.remainingSeconds).toBeNaN();
    tally.add({ type: 'started', item: a, seconds: 10 });
    tally.add({ type: 'reached', item: a, seconds: 4 });
    expect(tally.mediaSeconds).toBe(4);
    expect(tally.remainingSeconds).toBe(6 + 3 * 10);
    tally.add({ type: 'committed', item: a, key: 'k', fingerprint: 'f', unit: unit(250, 10) });
    tally.add({ type: 'started', item: b, seconds: 20 });
    expect(tally.mediaSeconds).toBe(10);
    expect(tally.remainingSeconds).toBe(20 + 2 * 15);
    expect(tally).toMatchObject({ committed: 1, frames: 250, patches: 2, seconds: 10, done: 1 });
  });
});
