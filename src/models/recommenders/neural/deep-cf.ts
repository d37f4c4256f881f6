import type { Tensor } from '../../autodiff/emitter.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture } from './architectures.ts';
import { denseStack, itemEmbedding, type RatingSpace, ratingOutput, userEmbedding } from './branches.ts';

/**
 * The collaborative branch: both embeddings side by side, then the dense layers before the join.
 */
export function collaborativeBranch(tape: Tape, space: RatingSpace, architecture: NeuralArchitecture): Tensor {
  const users = userEmbedding(tape, 'collaborative/users', space, architecture);
  const items = itemEmbedding(tape, 'collaborative/items', space, architecture);
  const widths = architecture.widths.slice(0, architecture.join);
  return denseStack(tape, 'collaborative', concat(tape, [users, items]), widths, architecture);
}

/**
 * Deep collaborative filtering: embeddings of user and item, concatenated, dense layers, sigmoid
 * output. Its layers before the join carry the names that they have in the audiovisual
 * recommenders, so that those can start from them.
 */
export function deepCf(space: RatingSpace, architecture: NeuralArchitecture): TrainableModule {
  return {
    name: 'deepcf',
    build(tape) {
      const branch = collaborativeBranch(tape, space, architecture);
      const widths = architecture.widths.slice(architecture.join);
      return ratingOutput(tape, denseStack(tape, 'joint', branch, widths, architecture), space, architecture);
    },
  };
}
