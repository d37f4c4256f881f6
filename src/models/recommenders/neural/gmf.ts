import { multiply } from '../../autodiff/operations/arithmetic.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture } from './architectures.ts';
import { itemEmbedding, type RatingSpace, ratingOutput, userEmbedding } from './branches.ts';

/**
 * Generalised matrix factorisation (He et al. 2017, eq. 9): h' (p_u * q_i) plus a bias, mapped to
 * the range of ratings by a sigmoid.
 */
export function gmf(space: RatingSpace, architecture: NeuralArchitecture): TrainableModule {
  return {
    name: 'gmf',
    build(tape) {
      const users = userEmbedding(tape, 'collaborative/users', space, architecture);
      const items = itemEmbedding(tape, 'collaborative/items', space, architecture);
      return ratingOutput(tape, multiply(tape, users, items), space, architecture);
    },
  };
}
