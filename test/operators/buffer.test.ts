import { concat, from, lastValueFrom, NEVER, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { Block, blocks, indices, left } from './support/elements.ts';

describe('buffer', () => {
  it('gives what came since the last signal, an empty array for none, and the rest at the end', () => {
    const flow = new Flow(1000);
    const [input, signal] = [new Subject<Block>(), new Subject<void>()];
    const seen: (number[] | string)[] = [];
    input
      .pipe(flow.buffer(signal))
      .subscribe({ next: (list) => seen.push(indices(list)), complete: () => seen.push('end') });
    signal.next();
    input.next(new Block(0));
    input.next(new Block(1));
    expect(flow.held).toBe(20);
    signal.next();
    expect(flow.held).toBe(0);
    signal.complete();
    input.next(new Block(2));
    input.complete();
    expect(seen).toEqual([[], [0, 1], [2], 'end']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('fails with the error of its signal and releases', async () => {
    const flow = new Flow(1000);
    const input = concat(from(blocks(3)), NEVER);
    await expect(lastValueFrom(input.pipe(flow.buffer(throwError(() => new Error('signal')))))).rejects.toThrow(
      'signal',
    );
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    expect(() => flow.buffer(3 as never)).toThrow('closing');
  });
});
