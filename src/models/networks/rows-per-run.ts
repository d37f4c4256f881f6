import { rowSizes } from '../onnx/shapes.ts';
import type { AssembledNetwork } from './assemble.ts';
import type { ConvolutionForm } from './fast-convolutions/form.ts';

/** Rows that convolutions run at once at most: more gain nothing and cost memory. */
const convolutionRows = 8;
/** Activations that convolutions hold at once, where one row has not more by itself: VGG16 runs 2 rows at once, the others 8. */
const activationBytes = 64 * 1024 * 1024;

/** Rows that a part of a network runs at once: a whole batch of dense layers, and as many of convolutions as their activations leave room for. */
export function rowsPerRun(
  { parts, fast = parts, fixedRows }: AssembledNetwork,
  index: number,
  batch: number,
  form: ConvolutionForm,
): number {
  if (fixedRows !== undefined) return fixedRows;
  const part = (form === 'fast' ? fast : parts)[index];
  if (part === undefined || !parts[index]?.nodes.some(({ operator }) => operator === 'Conv')) return batch;
  const fitting = Math.floor(activationBytes / (4 * Math.max(1, rowSizes(part).widestOperation)));
  return Math.min(batch, convolutionRows, Math.max(1, fitting));
}
