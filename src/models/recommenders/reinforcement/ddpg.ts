import { defineHistoryRecommender } from '../history/history-network.ts';
import { type ActorCriticOptions, actorCritic, actorCriticDefaults } from './actor-critic.ts';
import { policyTraining } from './policy-network.ts';
import { rewardVectors } from './reward-vectors.ts';

/**
 * Deep deterministic policy gradient (Lillicrap et al. 2016) over the factors of a matrix
 * factorisation, as Liu et al. (2018) and Peng et al. (2024) use it to recommend: one critic, and
 * one step of the actor for each of the critic's.
 */
export const ddpg = defineHistoryRecommender<ActorCriticOptions, keyof typeof actorCriticDefaults>({
  ...{ name: 'ddpg', predicts: 'scores', inTime: true, training: policyTraining, defaults: actorCriticDefaults },
  itemVectors: (training, { factors }, seed) => rewardVectors(training, factors, seed),
  network: (options, space) =>
    actorCritic({ name: 'ddpg', critics: 1, delay: 1, smoothing: 0, smoothingClip: 0 }, options, space),
});
