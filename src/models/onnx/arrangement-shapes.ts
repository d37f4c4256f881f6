import {
  broadcast,
  elementsOf,
  NotInferred,
  type Shape,
  type ShapeOperation,
  type ShapeRule,
} from './shape-operation.ts';

const reshape: ShapeRule = (operation) => {
  const input = operation.shape();
  const target = operation.integersOrInput('shape', 1) ?? [];
  const keepsZero = operation.integer('allowzero', 0) === 1;
  const sizes = target.map((size, axis) => (size === 0 && !keepsZero ? (input[axis] ?? 1) : size));
  const known = elementsOf(sizes.filter((size) => size >= 0));
  const rest = known === 0 ? 0 : elementsOf(input) / known;
  const output = sizes.map((size) => (size < 0 ? rest : size));
  if (elementsOf(output) !== elementsOf(input)) throw new NotInferred();
  return [output];
};

const flatten: ShapeRule = (operation) => {
  const input = operation.shape();
  const given = operation.integer('axis', 1);
  const axis = given < 0 ? given + input.length : given;
  return [[elementsOf(input.slice(0, axis)), elementsOf(input.slice(axis))]];
};

const transpose: ShapeRule = (operation) => {
  const input = operation.shape();
  const order = operation.integers('perm') ?? input.map((_, axis) => input.length - 1 - axis);
  if (order.length !== input.length) throw new NotInferred();
  return [order.map((axis) => input[axis] ?? Number.NaN)];
};

const squeeze: ShapeRule = (operation) => {
  const input = operation.shape();
  const axes = operation.integersOrInput('axes', 1)?.map((axis) => operation.axis(axis));
  return [input.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1))];
};

const unsqueeze: ShapeRule = (operation) => {
  const input = operation.shape();
  const axes = operation.integersOrInput('axes', 1);
  if (axes === undefined) throw new NotInferred();
  const output: number[] = [...input];
  const rank = input.length + axes.length;
  for (const axis of axes.map((each) => operation.axis(each, rank)).sort((a, b) => a - b)) output.splice(axis, 0, 1);
  return [output];
};

function joined(operation: ShapeOperation, operands: readonly number[]): readonly Shape[] {
  const shapes = operands.map((index) => operation.shape(index));
  const [first = []] = shapes;
  const axis = operation.axis(operation.integer('axis', 1), first.length);
  return [first.map((size, at) => (at === axis ? shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0) : size))];
}

const concat: ShapeRule = (operation) => joined(operation, [...operation.node.inputs.keys()]);
/** Scale and zero point of the output first, then tensor, scale and zero point of each operand. */
const integerConcat: ShapeRule = (operation) =>
  joined(
    operation,
    [...operation.node.inputs.keys()].filter((index) => index >= 2 && index % 3 === 2),
  );

const split: ShapeRule = (operation) => {
  const input = operation.shape();
  const axis = operation.axis(operation.integer('axis', 0));
  const parts = operation.node.outputs.length;
  const whole = input[axis] ?? 0;
  const size = Math.ceil(whole / parts);
  const sizes =
    operation.integersOrInput('split', 1) ??
    Array.from({ length: parts }, (_, index) => Math.max(0, Math.min(size, whole - index * size)));
  return sizes.map((each) => input.map((length, at) => (at === axis ? each : length)));
};

const slice: ShapeRule = (operation) => {
  const input = operation.shape();
  const starts = operation.integersOrInput('starts', 1);
  const ends = operation.integersOrInput('ends', 2);
  if (starts === undefined || ends === undefined) throw new NotInferred();
  const axes = operation.integersOrInput('axes', 3) ?? [...starts.keys()];
  const steps = operation.has(4) ? operation.values(4) : starts.map(() => 1);
  const output = [...input];
  for (const [index, given] of axes.entries()) {
    const axis = operation.axis(given);
    const size = input[axis] ?? 0;
    const step = steps[index] ?? 1;
    const least = step < 0 ? -1 : 0;
    const most = step < 0 ? size - 1 : size;
    const place = (at: number) => Math.min(most, Math.max(least, at < 0 ? at + size : at));
    const [start, end] = [starts[index] ?? 0, ends[index] ?? size];
    output[axis] = Math.max(0, Math.ceil((place(end) - place(start)) / step));
  }
  return [output];
};

const pad: ShapeRule = (operation) => {
  const input = operation.shape();
  const pads = operation.integersOrInput('pads', 1);
  if (pads === undefined) throw new NotInferred();
  const axes = operation.has(3) ? operation.values(3).map((axis) => operation.axis(axis)) : [...input.keys()];
  return [
    input.map((size, axis) => {
      const index = axes.indexOf(axis);
      return index < 0 ? size : size + (pads[index] ?? 0) + (pads[index + axes.length] ?? 0);
    }),
  ];
};

const tile: ShapeRule = (operation) => {
  const repeats = operation.values(1);
  return [operation.shape().map((size, axis) => size * (repeats[axis] ?? 1))];
};

const gather: ShapeRule = (operation) => {
  const input = operation.shape();
  const axis = operation.axis(operation.integer('axis', 0));
  return [[...input.slice(0, axis), ...operation.shape(1), ...input.slice(axis + 1)]];
};

const gatherByTuples: ShapeRule = (operation) => {
  const indices = operation.shape(1);
  const shared = operation.integer('batch_dims', 0);
  return [[...indices.slice(0, -1), ...operation.shape().slice(shared + (indices.at(-1) ?? 0))]];
};

const resize: ShapeRule = (operation) => {
  const input = operation.shape();
  const isOld = operation.node.operator === 'Upsample' || operation.opset < 11;
  const isCropped = operation.text('coordinate_transformation_mode') === 'tf_crop_and_resize';
  const policy = operation.text('keep_aspect_ratio_policy') ?? 'stretch';
  if (isCropped || policy !== 'stretch') throw new NotInferred();
  const axes = operation.integers('axes')?.map((axis) => operation.axis(axis)) ?? [...input.keys()];
  const changed = (size: (axis: number, index: number) => number) =>
    input.map((length, axis) => (axes.includes(axis) ? size(axis, axes.indexOf(axis)) : length));
  if (!isOld && operation.has(3)) {
    const sizes = operation.values(3);
    return [changed((_, index) => sizes[index] ?? 1)];
  }
  const scales = isOld && !operation.has(1) ? operation.floats('scales') : operation.values(isOld ? 1 : 2);
  if (scales === undefined || scales.length !== axes.length) throw new NotInferred();
  return [changed((axis, index) => Math.floor((input[axis] ?? 1) * (scales[index] ?? 1)))];
};

const depthToSpace: ShapeRule = (operation) => {
  const [rows = 1, channels = 1, ...rest] = operation.shape();
  const block = operation.integer('blocksize', 1);
  return [[rows, channels / block ** rest.length, ...rest.map((size) => size * block)]];
};

const spaceToDepth: ShapeRule = (operation) => {
  const [rows = 1, channels = 1, ...rest] = operation.shape();
  const block = operation.integer('blocksize', 1);
  return [[rows, channels * block ** rest.length, ...rest.map((size) => size / block)]];
};

/** Rules of operations that rearrange elements, by operator. */
export const arrangementRules: Readonly<Record<string, ShapeRule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  QLinearConcat: integerConcat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Expand: (operation) => [broadcast([operation.shape(), operation.values(1)])],
  Gather: gather,
  GatherElements: (operation) => [operation.shape(1)],
  GatherND: gatherByTuples,
  Resize: resize,
  Upsample: resize,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
