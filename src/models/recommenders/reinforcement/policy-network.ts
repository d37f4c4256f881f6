import { checkInteger } from '../../../core/check.ts';
import { likedAboveOf } from '../../../core/rating-scale.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import { filled } from '../../autodiff/initialisers.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { StepDraws, TrainingDefaults } from '../defined-training.ts';
import type { History } from '../history/histories.ts';
import type { Filled, HistoryNetwork, HistorySpace } from '../history/history-network.ts';
import { contentVectorsName } from '../history/item-table.ts';
import { askedStates, type LoggedEnvironment } from './logged-environment.ts';
import type { PolicyForm } from './state-layers.ts';

/** Options of every policy over item vectors. */
export interface PolicyOptions {
  /** Length of the vectors of users and items. */
  readonly factors?: number | undefined;
  /** Units of the layers of actors and critics. */
  readonly hidden?: number | undefined;
  /** Number of liked items in a state. */
  readonly recent?: number | undefined;
  /** The most items that an action chooses among in training. */
  readonly candidates?: number | undefined;
  /** Transitions for each user in a step. */
  readonly transitions?: number | undefined;
}

/** Values of the options that are left out. */
export const policyDefaults = { factors: 16, hidden: 128, recent: 10, candidates: 20, transitions: 4 };

/** How policies are trained by default. */
export const policyTraining: TrainingDefaults = {
  batchSize: 64,
  epochs: 200,
  patience: 20,
  patienceSteps: 400,
  learningRate: 0.001,
  l2: 0,
};

/** The vectors of the items as a tensor [items, width]. */
export interface PolicyItems {
  readonly table: (tape: Tape) => Tensor;
}

/** What a policy adds to what all of them have. */
export interface PolicyLayers {
  readonly module: (form: PolicyForm, items: PolicyItems) => TrainableModule;
  readonly learnt: (
    histories: readonly History[],
    draws: StepDraws,
    buffers: FeedBuffers,
    environment: LoggedEnvironment,
  ) => Feeds;
}

/**
 * A network that outputs, for the state of a user, a vector whose products with the item vectors
 * rank the items. The item vectors come from a matrix factorisation of the training ratings, and
 * are not trained.
 */
export function policyNetwork(
  options: Filled<PolicyOptions, keyof typeof policyDefaults>,
  space: HistorySpace,
  layers: PolicyLayers,
): HistoryNetwork {
  const { itemCount, scale, content } = space;
  const width = checkInteger('factors', options.factors);
  const form = {
    width,
    recent: checkInteger('recent', options.recent),
    hidden: checkInteger('hidden', options.hidden),
  };
  const environment: LoggedEnvironment = {
    vectors: content?.vectors ?? new Float32Array(0),
    ...{ width, scale, recent: form.recent },
    candidates: checkInteger('candidates', options.candidates, 2),
    transitions: checkInteger('transitions', options.transitions),
  };
  const above = likedAboveOf(scale);
  const items: PolicyItems = { table: (tape) => tape.statistic(contentVectorsName, [itemCount, width], filled(0)) };
  return {
    side: 'users',
    module: layers.module(form, items),
    facts: new Map(content?.dimension === width ? [[contentVectorsName, content.vectors]] : []),
    described: undefined,
    ...{ shortest: 2, listLength: 10, isChosen: (rating) => rating > above },
    activations: (histories) =>
      histories *
      environment.transitions *
      (width * (2 * width + 4 * form.recent + 2 * environment.candidates) + 30 * form.hidden),
    learnt: (histories, draws, buffers) => layers.learnt(histories, draws, buffers, environment),
    asked: (histories, buffers) => askedStates(histories, environment, buffers),
  };
}
