import type { Feeds } from './feeds.ts';
import { Tape } from './tape.ts';
import type { TrainableModule } from './training-plan.ts';

/**
 * How many numbers the feeds and masks of one unit of a private step have.
 *
 * @param feeds of that unit.
 */
export function unitNumbers(module: TrainableModule, feeds: Feeds): number {
  const tape = new Tape({ training: true, sparse: false, isFrozen: module.isFrozen });
  const { loss } = module.build(tape);
  const sizes = new Map<string, number>();
  let numbers = 0;
  for (const { name, shape } of tape.graph.build([loss]).inputs) {
    const feed = feeds[name];
    if (feed === undefined) continue;
    numbers += feed.data.length;
    for (const [axis, size] of (shape ?? []).entries()) {
      if (typeof size === 'string') sizes.set(size, feed.shape[axis] as number);
    }
  }
  for (const { shape } of tape.masks) {
    numbers += shape.reduce<number>(
      (product, size) => product * (typeof size === 'number' ? size : (sizes.get(size) ?? 1)),
      1,
    );
  }
  return numbers;
}
