import type { Tensor } from '../../autodiff/emitter.ts';
import { affine } from '../../autodiff/operations/arithmetic.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { maskedSquaredError } from '../../autodiff/operations/losses.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { HistorySide } from './histories.ts';
import type { HistoryNetwork, HistorySpace } from './history-network.ts';
import { matrixRows } from './matrix-rows.ts';

/** What is subtracted from ratings before they are read, so that 0 means not rated. */
export const centres = ['global', 'none'] as const;

/** `global`: the mean of all training ratings; `none`: nothing. */
export type Centre = (typeof centres)[number];

/** Layers between a row of ratings and a row of ratings. */
export interface RatingLayers {
  readonly name: string;
  readonly side: HistorySide;
  readonly centre: Centre;
  /** Share of the observed ratings that a step hides. */
  readonly noise: number;
  /** Number of values that the layers hold per row. */
  readonly units: number;
  /** Creates the weights, and returns a function that applies them, once or several times. */
  readonly layers: (tape: Tape, width: number) => (x: Tensor) => Tensor;
  /** A further term of the loss, computed from the prediction. */
  readonly also?: ((tape: Tape, apply: (x: Tensor) => Tensor, output: Tensor) => Tensor | undefined) | undefined;
}

/**
 * An autoencoder of rows of ratings whose loss counts only the ratings that exist: the mean of
 * (output - rating)^2 over them.
 */
export function ratingAutoencoder(of: RatingLayers, space: HistorySpace): HistoryNetwork {
  const { side, centre } = of;
  const width = side === 'users' ? space.itemCount : space.userCount;
  const mean = centre === 'global' ? space.mean : 0;
  return {
    side,
    module: {
      name: of.name,
      build(tape) {
        const { graph } = tape;
        const ratings = graph.input('rows/ratings', ['batch', width]);
        const apply = of.layers(tape, width);
        const output = apply(dropout(tape, ratings, of.noise));
        const loss = maskedSquaredError(tape, output, ratings, graph.input('rows/observed', ['batch', width]));
        const penalty = tape.training ? of.also?.(tape, apply, output) : undefined;
        return { output: affine(tape, output, 1, mean), loss, penalty };
      },
    },
    facts: new Map(),
    described: undefined,
    ...{ shortest: 1, listLength: 0, isChosen: () => true },
    activations: (histories) => histories * (8 * width + 6 * of.units),
    learnt: (histories, _draws, buffers) => ({
      'rows/ratings': matrixRows(histories, width, buffers, (rating) => rating - mean),
      'rows/observed': matrixRows(histories, width, buffers, () => 1),
    }),
    asked: (histories, buffers) => ({
      'rows/ratings': matrixRows(histories, width, buffers, (rating) => rating - mean),
    }),
  };
}
