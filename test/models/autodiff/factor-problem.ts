import type { FeedBuffers } from '../../../src/models/autodiff/feed-buffers.ts';
import { filled, seededUniform } from '../../../src/models/autodiff/initialisers.ts';
import { embeddingLayer } from '../../../src/models/autodiff/layers.ts';
import { add, multiply } from '../../../src/models/autodiff/operations/arithmetic.ts';
import { meanSquaredError } from '../../../src/models/autodiff/operations/losses.ts';
import { rowSums } from '../../../src/models/autodiff/operations/sums.ts';
import type { TrainingData } from '../../../src/models/autodiff/trainer-options.ts';
import type { TrainableModule } from '../../../src/models/autodiff/training-plan.ts';

export const USERS = 20;
export const ITEMS = 12;
export const WIDTH = 3;
const ROWS = 8;
/** Users that some batch names; the others are never looked up. */
export const namedUsers = 15;

/** r = base_u + b_i + <p_u, q_i>; base is a fact, not learnt. */
export function factorModule(users = USERS): TrainableModule {
  return {
    name: 'factors',
    build(tape) {
      const base = embeddingLayer(tape, 'base', 'users', [users, 1], filled(0.5), 'statistic');
      const p = embeddingLayer(tape, 'users', 'users', [users, WIDTH]);
      const q = embeddingLayer(tape, 'items', 'items', [ITEMS, WIDTH]);
      const bias = embeddingLayer(tape, 'item-biases', 'items', [ITEMS, 1], filled(0));
      const output = add(tape, add(tape, base, bias), rowSums(tape, multiply(tape, p, q)));
      return { output, loss: meanSquaredError(tape, output, tape.graph.input('ratings', ['batch', 1])) };
    },
  };
}

/** Ratings of one batch; the second of an epoch has fewer rows. */
export function factorBatch(epoch: number, index: number) {
  const uniform = seededUniform(1, `${epoch} ${index}`);
  const rows = index === 1 ? 5 : ROWS;
  const below = (limit: number) => Int32Array.from({ length: rows }, () => Math.floor(uniform() * limit));
  const users = below(namedUsers);
  const items = below(ITEMS);
  const ratings = Float32Array.from(users, (user, row) => 0.5 + Math.sin(user) * Math.cos(items[row] as number));
  return { users, items, ratings };
}

/** Four batches per epoch, in which users and items come more than once. */
export const factorData: TrainingData = {
  *batches(epoch: number, from: number, _buffers: FeedBuffers) {
    for (let index = from; index < 4; index++) {
      const { users, items, ratings } = factorBatch(epoch, index);
      const rows = users.length;
      yield {
        rows,
        feeds: {
          users: { data: users, shape: [rows] },
          items: { data: items, shape: [rows] },
          ratings: { data: ratings, shape: [rows, 1] },
        },
      };
    }
  },
};
