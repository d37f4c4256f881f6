import type { Tensor } from '../../autodiff/emitter.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture } from './architectures.ts';
import { denseStack, itemContent, itemPlaces, type RatingSpace, ratingOutput, userEmbedding } from './branches.ts';

/**
 * The audiovisual branch with an embedding of the user inside. Each unique item passes through the
 * recurrent layers once; for each of its ratings, the result is concatenated with the user's
 * content embedding and passes through the dense layers before the join.
 */
export function personalContentBranch(tape: Tape, space: RatingSpace, architecture: NeuralArchitecture): Tensor {
  const content = rows(tape, itemContent(tape, architecture), itemPlaces(tape));
  const users = userEmbedding(tape, 'content/users', space, architecture);
  const widths = architecture.widths.slice(0, architecture.join);
  return denseStack(tape, 'content', concat(tape, [content, users]), widths, architecture);
}

/**
 * The audiovisual branch of `dcf-av-2` alone: recommends from content and the user's taste in it,
 * without embeddings of items.
 */
export function lstmAv(space: RatingSpace, architecture: NeuralArchitecture): TrainableModule {
  return {
    name: 'lstm-av',
    build(tape) {
      const branch = personalContentBranch(tape, space, architecture);
      const widths = architecture.widths.slice(architecture.join);
      return ratingOutput(tape, denseStack(tape, 'joint', branch, widths, architecture), space, architecture);
    },
  };
}
