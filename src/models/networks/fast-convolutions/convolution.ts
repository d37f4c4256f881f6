import type { GraphWriter } from './graph-writer.ts';
import { gathered, type Placed, withZero } from './placed.ts';
import type { Tiling } from './rule.ts';
import { transformedWeights } from './transformed-weights.ts';
import type { PlannedConvolution } from './windows.ts';

const range = (length: number) => Array.from({ length }, (_, index) => index);

/**
 * Writes a convolution without its bias: the windows of all tiles are gathered, both axes
 * transformed, each point of a window multiplied over the channels by its own matrix, and both axes
 * transformed back. The places stay first, so that every step copies or multiplies whole rows of
 * N * channels values and nothing is transposed.
 */
export function fastConvolution(writer: GraphWriter, source: Placed, convolution: PlannedConvolution): Placed {
  const { form, weights, padding, size } = convolution;
  const { rows, columns } = form;
  const [filters, channels] = weights.shape as [number, number];
  const input = withZero(writer, source);
  const [high, wide] = [rows.form.points, columns.form.points];
  const tiles = rows.tiles * columns.tiles;
  const place = (row: number, column: number) =>
    row >= 0 && row < input.height && column >= 0 && column < input.width
      ? (input.places[row * input.width + column] as number)
      : input.zero;
  const windows = range(high).flatMap((pointRow) =>
    range(wide).flatMap((pointColumn) =>
      range(rows.tiles).flatMap((tileRow) =>
        range(columns.tiles).map((tileColumn) =>
          place(
            tileRow * rows.form.outputs + pointRow - padding[0],
            tileColumn * columns.form.outputs + pointColumn - padding[1],
          ),
        ),
      ),
    ),
  );
  let step = gathered(writer, input.tensor, [high, wide, tiles], windows);
  step = transformed(writer, step, [high, wide], rows.form.input, columns.form.input);
  step = writer.reshape(step, [high * wide, -1, channels]);
  step = writer.append('MatMul', [step, writer.add(transformedWeights(weights, rows.form, columns.form))]);
  step = transformed(writer, step, [high, wide], rows.form.output, columns.form.output);
  const [tall, broad] = [rows.form.outputs, columns.form.outputs];
  step = writer.reshape(step, [tall * broad * tiles, -1]);
  return {
    tensor: step,
    channels: filters,
    height: size[0],
    width: size[1],
    rows: tall * broad * tiles,
    places: placesOf(size, rows, columns),
  };
}

type Matrix = readonly (readonly number[])[];

/** [high, wide, ...] with its first two axes multiplied by a matrix each. */
function transformed(
  writer: GraphWriter,
  tensor: string,
  [high, wide]: readonly [number, number],
  ofRows: Matrix,
  ofColumns: Matrix,
): string {
  let step = writer.reshape(tensor, [high, wide, -1]);
  step = writer.append('MatMul', [writer.matrix(ofColumns), step]);
  step = writer.reshape(step, [high, -1]);
  return writer.append('MatMul', [writer.matrix(ofRows), step]);
}

/**
 * The row of each place: [outputs of a row's tile, outputs of a column's tile, tiles of rows, tiles
 * of columns].
 */
function placesOf([height, width]: readonly [number, number], rows: Tiling, columns: Tiling): number[] {
  const [tall, broad] = [rows.form.outputs, columns.form.outputs];
  return range(height).flatMap((row) =>
    range(width).map((column) => {
      const output = (row % tall) * broad + (column % broad);
      const tile = Math.floor(row / tall) * columns.tiles + Math.floor(column / broad);
      return output * rows.tiles * columns.tiles + tile;
    }),
  );
}
