import { defineHistoryRecommender } from '../history/history-network.ts';
import { type ActorCriticOptions, actorCritic, actorCriticDefaults } from './actor-critic.ts';
import { policyTraining } from './policy-network.ts';
import { rewardVectors } from './reward-vectors.ts';

/**
 * `ddpg` with the remedies of Fujimoto et al. (2018) for critics that overestimate: two critics,
 * the smaller of whose values is the target; an actor that learns only in every second step; noise
 * on the target's action.
 */
export const td3 = defineHistoryRecommender<ActorCriticOptions, keyof typeof actorCriticDefaults>({
  ...{ name: 'td3', predicts: 'scores', inTime: true, training: policyTraining, defaults: actorCriticDefaults },
  itemVectors: (training, { factors }, seed) => rewardVectors(training, factors, seed),
  network: (options, space) =>
    actorCritic({ name: 'td3', critics: 2, delay: 2, smoothing: 0.2, smoothingClip: 0.5 }, options, space),
});
