import { UsageError } from '../../../core/errors.ts';
import { checkRank, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** Matrices with equally many rows side by side: [rows, a] and [rows, b] give [rows, a + b]. */
export function concat(tape: Tape, parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (first === undefined) throw new UsageError('concat: at least one tensor must be given');
  for (const part of parts) checkRank('concat', part, 2);
  if (parts.length === 1) return first;
  const { graph } = tape;
  const widths = parts.map((part) => fixedSize(part, 1));
  const total = widths.reduce((sum, width) => sum + width, 0);
  return tape.record(parts, graph.concat(parts, 1, total), (gradient) => {
    const pieces = graph.split(gradient, 1, widths);
    for (const [index, part] of parts.entries()) tape.add(part, () => pieces[index] as Tensor);
  });
}
