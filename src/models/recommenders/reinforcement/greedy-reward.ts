import { dense } from '../../autodiff/operations/dense.ts';
import { maskedSquaredError } from '../../autodiff/operations/losses.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { defineHistoryRecommender } from '../history/history-network.ts';
import { stateInputs } from './actor-critic.ts';
import { loggedTransitions, policyInputs } from './logged-environment.ts';
import {
  type PolicyItems,
  type PolicyOptions,
  policyDefaults,
  policyNetwork,
  policyTraining,
} from './policy-network.ts';
import { rewardVectors } from './reward-vectors.ts';
import { learntWeights, type PolicyForm, policyLayers } from './state-layers.ts';

/**
 * The reward model that `ddpg` and `td3` must beat to be worth their cost. The same layers turn the
 * same state into a vector whose product with an item's vector is the expected immediate reward. It
 * learns from the answers to random candidates, and recommends the item with the greatest expected
 * reward.
 */
export const greedyReward = defineHistoryRecommender<PolicyOptions, keyof typeof policyDefaults>({
  ...{ name: 'greedy-reward', predicts: 'scores', inTime: true, training: policyTraining, defaults: policyDefaults },
  itemVectors: (training, { factors }, seed) => rewardVectors(training, factors, seed),
  network: (options, space) =>
    policyNetwork(options, space, {
      module: (form, items) => ({ name: 'greedy-reward', build: (tape) => build(tape, form, items) }),
      learnt: (histories, draws, buffers, environment) => loggedTransitions(histories, environment, draws, buffers),
    }),
});

function build(tape: Tape, form: PolicyForm, { table }: PolicyItems) {
  const { graph } = tape;
  const state = stateInputs(tape, form);
  const vectors = table(tape);
  const weights = learntWeights(tape, 'reward', form, 0, form.width);
  const wanted = policyLayers(tape, weights, state, form);
  const turned = graph.emit('Transpose', [vectors], [form.width, vectors.shape[0] ?? 1], { perm: [1, 0] });
  const output = dense(tape, wanted, turned);
  if (!tape.training) return { output, loss: graph.real(0) };
  const shape = ['rows', 'candidates'];
  const candidates = graph.cast(graph.input(policyInputs.candidates, shape, 'int32'), 'int64');
  const expected = tape.record(
    [output],
    graph.emit('GatherElements', [output, candidates], shape, { axis: 1 }),
    (gradient) => {
      tape.add(output, () => {
        const zeros = graph.subtract(output, output);
        return graph.emit('ScatterElements', [zeros, candidates, gradient], output.shape, {
          axis: 1,
          reduction: { text: 'add' },
        });
      });
    },
  );
  const rewards = graph.input(policyInputs.rewards, shape);
  return { output, loss: maskedSquaredError(tape, expected, rewards, graph.input(policyInputs.chosen, shape)) };
}
