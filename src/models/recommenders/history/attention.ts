import { checkInteger } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, uniformWithin } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { add, affine } from '../../autodiff/operations/arithmetic.ts';
import { addConstant, addToEach } from '../../autodiff/operations/broadcast.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { gelu } from '../../autodiff/operations/elementwise.ts';
import { layerNormalisation } from '../../autodiff/operations/layer-normalisation.ts';
import { matmul } from '../../autodiff/operations/matmul.ts';
import { reshape, transpose } from '../../autodiff/operations/shapes.ts';
import { softmax } from '../../autodiff/operations/softmax.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { checkShare } from './checks.ts';
import { type SequenceOptions, sequenceDefaults, sequenceInputs } from './sequences.ts';

/** Options of a network of self-attention blocks; their defaults are `attentionDefaults`. */
export interface AttentionOptions extends SequenceOptions {
  /** Blocks. */
  readonly layers?: number | undefined;
  /** Attention heads in each block. */
  readonly heads?: number | undefined;
  /** Units of the dense layer inside a block. */
  readonly inner?: number | undefined;
  /** Dropout of the input, of attention and of the output of each part of a block. */
  readonly dropout?: number | undefined;
}

/** Default values of the options. */
export const attentionDefaults = { ...sequenceDefaults, layers: 2, heads: 2, inner: 256, dropout: 0.2 };

/** Checked options. */
export interface Attention {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly dropped: number;
}

/** Checks options. @throws UsageError when the heads do not fit. */
export function attentionOf(options: Omit<Attention, 'dropped'> & { readonly dropout: number }): Attention {
  const width = checkInteger('width', options.width);
  const heads = checkInteger('heads', options.heads);
  if (width % heads !== 0) {
    throw new UsageError(`\`width\` must be a multiple of \`heads\`, but is ${width} with ${heads} heads`, {
      option: 'heads',
    });
  }
  return {
    ...{ width, heads, layers: checkInteger('layers', options.layers) },
    inner: checkInteger('inner', options.inner),
    dropped: checkShare('dropout', options.dropout),
  };
}

/** Number of values that the blocks hold per position of a sequence of this length. */
export function attentionUnits({ width, layers, heads, inner }: Attention, length: number): number {
  return 4 * width + layers * (14 * width + 6 * inner + 6 * heads * length);
}

function normalisation(tape: Tape, name: string, x: Tensor, width: number): Tensor {
  const gamma = tape.weight(`${name}/gamma`, [width], filled(1));
  return layerNormalisation(tape, x, gamma, tape.weight(`${name}/beta`, [width], filled(0)));
}

/**
 * Blocks of multi-head self-attention and two dense layers, each part with a residual connection
 * and layer normalisation (Vaswani et al. 2017), over items plus learnt position embeddings. A
 * position attends to itself and the positions before it or, with `bothWays`, to the whole history.
 *
 * @param prefix - of the weights' names, if a network has more than one such tower.
 */
export function attentionBlocks(
  tape: Tape,
  read: Tensor,
  length: number,
  { width, layers, heads, inner, dropped }: Attention,
  bothWays: boolean,
  prefix = '',
): Tensor {
  const { graph } = tape;
  const flat = (x: Tensor): Tensor => reshape(tape, x, ['positions', width]);
  const places = tape.weight(`${prefix}places`, [length, width], uniformWithin(0.05));
  const placed = flat(addToEach(tape, reshape(tape, read, ['histories', length, width]), places));
  const inside = graph.reshape(graph.input(sequenceInputs.inside, ['histories', length]), ['histories', 1, 1, length]);
  const outside = graph.multiply(graph.subtract(inside, graph.real(1)), graph.real(1e9));
  const later = graph.real(laterPlaces(length), [1, 1, length, length]);
  const away = bothWays ? outside : graph.emit('Add', [outside, later], ['histories', 1, length, length]);
  const size = width / heads;
  let x = dropout(tape, normalisation(tape, `${prefix}read`, placed, width), dropped);
  for (let layer = 1; layer <= layers; layer++) {
    const name = `${prefix}block-${layer}`;
    const byHead = (part: string): Tensor => {
      const all = reshape(tape, denseLayer(tape, `${name}/${part}`, x, width), ['histories', length, heads, size]);
      return transpose(tape, all, part === 'key' ? [0, 2, 3, 1] : [0, 2, 1, 3]);
    };
    const match = affine(tape, matmul(tape, byHead('query'), byHead('key')), 1 / Math.sqrt(size));
    const shares = dropout(tape, softmax(tape, addConstant(tape, match, away)), dropped);
    const mixed = flat(transpose(tape, matmul(tape, shares, byHead('value')), [0, 2, 1, 3]));
    const added = dropout(tape, denseLayer(tape, `${name}/mixed`, mixed, width), dropped);
    x = normalisation(tape, `${name}/attended`, add(tape, x, added), width);
    const within = gelu(tape, denseLayer(tape, `${name}/inner`, x, inner));
    const outer = dropout(tape, denseLayer(tape, `${name}/outer`, within, width), dropped);
    x = normalisation(tape, `${name}/done`, add(tape, x, outer), width);
  }
  return x;
}

/** [length, length]: -1e9 where the column is behind the row, else 0. */
function laterPlaces(length: number): number[] {
  return Array.from({ length: length ** 2 }, (_, at) => (at % length > Math.floor(at / length) ? -1e9 : 0));
}
