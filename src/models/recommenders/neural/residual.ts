import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform } from '../../autodiff/initialisers.ts';
import { embeddingLayer } from '../../autodiff/layers.ts';
import { add, affine, multiply } from '../../autodiff/operations/arithmetic.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { meanSquaredLength, rowSums, sumOfSquares } from '../../autodiff/operations/sums.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture, NeuralRecommenderName } from './architectures.ts';
import { denseStack, itemPlaces, type RatingSpace } from './branches.ts';
import { factNames } from './fact-names.ts';
import { inputNames } from './input-names.ts';
import { judged } from './rating-loss.ts';
import { contentSummary, type ReducedStream, reducedStreams } from './residual-content.ts';

/**
 * Kernels, of which every rating has the same, are held back less than the embeddings, of which few
 * ratings have each.
 */
const kernelShare = 0.1;

/** What the fits of a residual network share. */
interface Inputs {
  readonly places: Tensor;
  /** [batch, 1]: what each user's ratings are expected to be. */
  readonly base: Tensor;
  readonly streams: readonly ReducedStream[];
  /** [batch, 1]: 1 where the ratings of the item may speak. Undefined: everywhere. */
  readonly known: Tensor | undefined;
}

/** What is held back by the L2 term of one fit. */
class Penalties {
  readonly #tape: Tape;
  readonly #l2: number;
  readonly #terms: Tensor[] = [];

  constructor(tape: Tape, l2: number) {
    this.#tape = tape;
    this.#l2 = l2;
  }

  /** An embedding, by the rows that the batch looked up. */
  rows(lookedUp: Tensor): Tensor {
    this.#terms.push(affine(this.#tape, meanSquaredLength(this.#tape, lookedUp), this.#l2));
    return lookedUp;
  }

  kernel(kernel: Tensor): Tensor {
    this.#terms.push(affine(this.#tape, sumOfSquares(this.#tape, kernel), this.#l2 * kernelShare));
    return kernel;
  }

  get sum(): Tensor {
    return this.#terms.reduce((sum, term) => add(this.#tape, sum, term));
  }
}

/**
 * A recommender whose rating is a sum of what is known, the best known first,
 *
 *     r = b_u + (w s_i + <p_u, W s_i>) + k_i (c_i + <q_u, q_i> + g(q_u, q_i, W s_i))
 *
 * b_u the user's mean, drawn towards the mean of all (a fact, not learnt); s_i what is read and
 * heard of the item, whose quality w s_i and whose match with the taste p_u are learnt; and, where
 * ratings of the item were learnt (k_i = 1), its bias, factors (Koren et al. 2009) and dense layers
 * g over both. In training k_i is 0 for `coldRate` of the ratings (DropoutNet, Volkovs et al.
 * 2017). All terms but b_u start near 0. `dcf-av-1`: q_u = p_u; `dcf-av-2`: the user has two
 * embeddings; `lstm-av`: without the last bracket.
 *
 * The loss is the mean over the fits of their losses (by default the squared error); the penalty l2
 * times the mean squared length of the looked-up embeddings and a tenth of it for kernels.
 */
export function residualNetwork(
  model: NeuralRecommenderName,
  space: RatingSpace,
  architecture: NeuralArchitecture,
  l2: number,
): TrainableModule {
  return {
    name: model,
    build(tape) {
      const inputs = inputsOf(tape, model, space, architecture);
      const fits = Array.from({ length: architecture.fits }, (_, index) => {
        const penalties = new Penalties(tape, l2);
        const fit = `fit-${index + 1}`;
        const score = fitScore(tape, model, space, architecture, fit, inputs, penalties);
        const { output, loss } = judged(tape, `${fit}/output`, score, space.scale, architecture.ratingLoss);
        return { output, loss, penalty: penalties.sum };
      });
      const mean = (of: (fit: (typeof fits)[number]) => Tensor) =>
        affine(
          tape,
          fits.map(of).reduce((sum, each) => add(tape, sum, each)),
          1 / fits.length,
        );
      return {
        output: mean(({ output }) => output),
        loss: mean(({ loss }) => loss),
        penalty: mean((fit) => fit.penalty),
      };
    },
  };
}

function inputsOf(
  tape: Tape,
  model: NeuralRecommenderName,
  { userCount }: RatingSpace,
  architecture: NeuralArchitecture,
): Inputs {
  return {
    places: itemPlaces(tape),
    base: embeddingLayer(tape, factNames.base, inputNames.users, [userCount, 1], filled(0), 'statistic'),
    streams: reducedStreams(tape, architecture),
    known: model === 'lstm-av' ? undefined : knownOf(tape, architecture),
  };
}

/** While training every item is known, but for the share that is learnt as if it were not. */
function knownOf(tape: Tape, { coldRate }: NeuralArchitecture): Tensor | undefined {
  if (!tape.training) return tape.graph.input(inputNames.known, ['batch', 1]);
  return coldRate === 0 ? undefined : affine(tape, tape.mask(['batch', 1], coldRate), 1 - coldRate);
}

function fitScore(
  tape: Tape,
  model: NeuralRecommenderName,
  space: RatingSpace,
  architecture: NeuralArchitecture,
  fit: string,
  { places, base, streams, known }: Inputs,
  penalties: Penalties,
): Tensor {
  const { embedding, widths } = architecture;
  const { userCount, itemCount } = space;
  const { users, items } = inputNames;
  const user = (name: string) => penalties.rows(embeddingLayer(tape, `${fit}/${name}`, users, [userCount, embedding]));
  const summary = contentSummary(tape, `${fit}/content`, streams);
  const width = summary.shape[1] as number;
  const matching = penalties.kernel(tape.weight(`${fit}/content/matching`, [width, embedding], glorotUniform));
  const quality = penalties.kernel(tape.weight(`${fit}/content/quality`, [width, 1], filled(0)));
  const bias = tape.weight(`${fit}/content/bias`, [1], filled(0));
  const taste = user('content/users');
  const looks = rows(tape, dense(tape, summary, matching), places);
  const good = rows(tape, dense(tape, summary, quality, bias), places);
  const content = add(tape, good, rowSums(tape, multiply(tape, taste, looks)));
  if (model === 'lstm-av') return add(tape, base, content);

  const own = model === 'dcf-av-2' ? user('collaborative/users') : taste;
  const factors = penalties.rows(embeddingLayer(tape, `${fit}/collaborative/items`, items, [itemCount, embedding]));
  const itemBias = penalties.rows(
    embeddingLayer(tape, `${fit}/collaborative/item-biases`, items, [itemCount, 1], filled(0)),
  );
  let rated = add(tape, itemBias, rowSums(tape, multiply(tape, own, factors)));
  if (widths.length > 0) {
    const deep = denseStack(tape, `${fit}/joint`, concat(tape, [own, factors, looks]), widths, architecture);
    const kernel = tape.weight(`${fit}/joint/output`, [deep.shape[1] as number, 1], filled(0));
    rated = add(tape, rated, dense(tape, deep, penalties.kernel(kernel)));
  }
  return add(tape, base, add(tape, content, known ? multiply(tape, known, rated) : rated));
}
