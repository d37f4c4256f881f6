import type { Tensor } from '../../autodiff/emitter.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture } from './architectures.ts';
import { denseStack, itemContent, itemPlaces, joinBranches, type RatingSpace, ratingOutput } from './branches.ts';
import { collaborativeBranch } from './deep-cf.ts';
import { personalContentBranch } from './lstm-av.ts';

/**
 * The audiovisual branch without the user: it runs once per unique item, and its result is used for
 * all ratings of that item.
 */
function contentBranch(tape: Tape, architecture: NeuralArchitecture): Tensor {
  const widths = architecture.widths.slice(0, architecture.join);
  const content = denseStack(tape, 'content', itemContent(tape, architecture), widths, architecture);
  return rows(tape, content, itemPlaces(tape));
}

function joined(
  name: string,
  space: RatingSpace,
  architecture: NeuralArchitecture,
  content: (tape: Tape) => Tensor,
): TrainableModule {
  return {
    name,
    build(tape) {
      const both = joinBranches(tape, collaborativeBranch(tape, space, architecture), content(tape), architecture);
      const widths = architecture.widths.slice(architecture.join);
      return ratingOutput(tape, denseStack(tape, 'joint', both, widths, architecture), space, architecture);
    },
  };
}

/** Collaborative filtering joined with the audiovisual content of the item. */
export function dcfAv1(space: RatingSpace, architecture: NeuralArchitecture): TrainableModule {
  return joined('dcf-av-1', space, architecture, (tape) => contentBranch(tape, architecture));
}

/** Like `dcfAv1`, with a second embedding of the user inside the audiovisual branch. */
export function dcfAv2(space: RatingSpace, architecture: NeuralArchitecture): TrainableModule {
  return joined('dcf-av-2', space, architecture, (tape) => personalContentBranch(tape, space, architecture));
}
