import { NotInferred, type Shape, type ShapeOperation, type ShapeRule } from './shape-operation.ts';

/** Output lengths of a window that slides over the axes after the second. */
function slid(operation: ShapeOperation, input: Shape, kernel: Shape): number[] {
  const strides = operation.integers('strides') ?? [];
  const pads = operation.integers('pads') ?? [];
  const dilations = operation.integers('dilations') ?? [];
  const automatic = operation.text('auto_pad') ?? 'NOTSET';
  const rounded = operation.integer('ceil_mode', 0) === 1;
  return input.slice(2).map((size, axis) => {
    const stride = strides[axis] ?? 1;
    if (automatic.startsWith('SAME')) return Math.ceil(size / stride);
    const before = automatic === 'VALID' ? 0 : (pads[axis] ?? 0);
    const after = automatic === 'VALID' ? 0 : (pads[axis + kernel.length] ?? 0);
    const span = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
    const steps = (size + before + after - span) / stride;
    if (!rounded) return Math.floor(steps) + 1;
    const length = Math.ceil(steps) + 1;
    // A last window that would lie entirely in the padding is left out.
    return (length - 1) * stride >= size + before ? length - 1 : length;
  });
}

/** @param weight - index of the weights input: after scale and zero point if both are integers. */
const convolution =
  (weight: number): ShapeRule =>
  (operation) => {
    if (operation.integer('channels_last', 0) === 1) throw new NotInferred();
    const [rows = 1, ...rest] = operation.shape();
    const [channels = 1, , ...kernel] = operation.shape(weight);
    return [[rows, channels, ...slid(operation, [rows, ...rest], kernel)]];
  };

const transposedConvolution: ShapeRule = (operation) => {
  const input = operation.shape();
  const [, channels = 1, ...kernel] = operation.shape(1);
  const stated = operation.integers('output_shape');
  const strides = operation.integers('strides') ?? [];
  const pads = operation.integers('pads') ?? [];
  const dilations = operation.integers('dilations') ?? [];
  const more = operation.integers('output_padding') ?? [];
  const automatic = operation.text('auto_pad') ?? 'NOTSET';
  const sizes = input.slice(2).map((size, axis) => {
    const stride = strides[axis] ?? 1;
    const given = stated?.[stated.length - kernel.length + axis];
    if (given !== undefined) return given;
    if (automatic.startsWith('SAME')) return size * stride;
    const padding = automatic === 'VALID' ? 0 : (pads[axis] ?? 0) + (pads[axis + kernel.length] ?? 0);
    const span = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
    return stride * (size - 1) + (more[axis] ?? 0) + span - padding;
  });
  return [[input[0] ?? 1, channels * operation.integer('group', 1), ...sizes]];
};

const pooling: ShapeRule = (operation) => {
  const input = operation.shape();
  const kernel = operation.integers('kernel_shape');
  if (kernel === undefined || operation.integer('channels_last', 0) === 1) throw new NotInferred();
  const pooled = [...input.slice(0, 2), ...slid(operation, input, kernel)];
  // The second output of MaxPool: the index of each maximum.
  return [pooled, pooled];
};

const globalPooling: ShapeRule = (operation) => {
  if (operation.integer('channels_last', 0) === 1) throw new NotInferred();
  return [operation.shape().map((size, axis) => (axis < 2 ? size : 1))];
};

/** Rules of convolutions and poolings by operator. */
export const windowRules: Readonly<Record<string, ShapeRule>> = {
  Conv: convolution(1),
  FusedConv: convolution(1),
  ConvInteger: convolution(1),
  DeformConv: convolution(1),
  QLinearConv: convolution(3),
  ConvTranspose: transposedConvolution,
  MaxPool: pooling,
  AveragePool: pooling,
  LpPool: pooling,
  QLinearAveragePool: pooling,
  GlobalAveragePool: globalPooling,
  GlobalMaxPool: globalPooling,
  GlobalLpPool: globalPooling,
  QLinearGlobalAveragePool: globalPooling,
};
