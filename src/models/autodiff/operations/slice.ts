import { UsageError } from '../../../core/errors.ts';
import { checkRank, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** Columns `start` to `end` (exclusive) of a matrix. The gradient of the other columns is 0. */
export function columns(tape: Tape, x: Tensor, start: number, end: number): Tensor {
  checkRank('columns', x, 2);
  const width = fixedSize(x, 1);
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= width)) {
    throw new UsageError(`columns: ${start} to ${end} must be a range inside the ${width} columns of [${x.shape}]`);
  }
  const { graph } = tape;
  const y = graph.emit(
    'Slice',
    [x, graph.integers([start]), graph.integers([end]), graph.integers([1])],
    x.shape.with(1, end - start),
  );
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const pads = graph.integers([0, start, 0, width - end]);
      return graph.emit('Pad', [gradient, pads], x.shape);
    });
  });
}
