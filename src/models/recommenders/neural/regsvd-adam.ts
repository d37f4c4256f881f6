import { filled } from '../../autodiff/initialisers.ts';
import { embeddingLayer } from '../../autodiff/layers.ts';
import { add, multiply } from '../../autodiff/operations/arithmetic.ts';
import { rowSums } from '../../autodiff/operations/sums.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture } from './architectures.ts';
import { itemEmbedding, type RatingSpace, userEmbedding } from './branches.ts';
import { inputNames } from './input-names.ts';
import { judged } from './rating-loss.ts';

/**
 * Biased matrix factorisation, mean + b_u + b_i + q_i . p_u (eq. 6 of the thesis), trained as the
 * thesis trained it: all of it embeddings, by Adam in batches with an L2 penalty, instead of
 * rating by rating as `regsvd`.
 */
export function regSvdAdam(space: RatingSpace, architecture: NeuralArchitecture): TrainableModule {
  const { mean = (space.scale.minimum + space.scale.maximum) / 2 } = space;
  return {
    name: 'regsvd-adam',
    build(tape) {
      const users = userEmbedding(tape, 'collaborative/users', space, architecture);
      const items = itemEmbedding(tape, 'collaborative/items', space, architecture);
      const bias = (name: string, input: string, count: number) => embeddingLayer(tape, name, input, [count, 1]);
      const biases = add(
        tape,
        bias('collaborative/user-biases', inputNames.users, space.userCount),
        bias('collaborative/item-biases', inputNames.items, space.itemCount),
      );
      const sum = add(tape, rowSums(tape, multiply(tape, users, items)), biases);
      // A fact, not learnt, which a saved recommender keeps.
      const output = tape.record(
        [sum],
        tape.graph.add(sum, tape.statistic('facts/mean', [1], filled(mean))),
        (gradient) => tape.add(sum, () => gradient),
      );
      return judged(tape, 'output', output, space.scale, architecture.ratingLoss);
    },
  };
}
