import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Trainer } from '../../../../src/models/autodiff/trainer.ts';
import { autoRec } from '../../../../src/models/recommenders/history/autorec.ts';
import { bert4Rec } from '../../../../src/models/recommenders/history/bert4rec.ts';
import { deepAe } from '../../../../src/models/recommenders/history/deep-ae.ts';
import { gru4Rec } from '../../../../src/models/recommenders/history/gru4rec.ts';
import type { HistoryDefinition } from '../../../../src/models/recommenders/history/history-network.ts';
import { HistoryRecommender } from '../../../../src/models/recommenders/history/history-recommender.ts';
import { multiDae, multiVae } from '../../../../src/models/recommenders/history/multi-vae.ts';
import { sasRec } from '../../../../src/models/recommenders/history/sasrec.ts';
import { NeuralRecommender } from '../../../../src/models/recommenders/neural/neural-recommender.ts';
import { bstKmeans } from '../../../../src/models/recommenders/pairs/bst-kmeans.ts';
import { PairRecommender } from '../../../../src/models/recommenders/pairs/pair-recommender.ts';
import { tinySettings, tinyTraining } from '../neural/tiny-problem.ts';
import { moods } from '../pairs/planted-pairs.ts';
import { chain } from './planted-histories.ts';

const sequences = { width: 4, length: 4 };
const contenders: readonly (readonly [HistoryDefinition<never>, object])[] = [
  [autoRec, { hidden: 4 }],
  [deepAe, { hidden: [4, 2, 4] }],
  [multiDae, { hidden: [4], latent: 2 }],
  [multiVae, { hidden: [4], latent: 2 }],
  [gru4Rec, { ...sequences, hidden: 4 }],
  [sasRec, { ...sequences, inner: 4 }],
  [bert4Rec, { ...sequences, inner: 4 }],
];

/** The trainers that are opened from now on. */
function openedTrainers(): Trainer[] {
  const opened: Trainer[] = [];
  const open = Trainer.open.bind(Trainer);
  const spy = vi.spyOn(Trainer, 'open').mockImplementation(async (...given) => {
    const trainer = await open(...given);
    opened.push(trainer);
    return trainer;
  });
  onTestFinished(() => spy.mockRestore());
  return opened;
}

/** Options with which a training is stopped inside its first epoch. */
function stoppedInside() {
  const stopping = new AbortController();
  return { signal: stopping.signal, onProgress: () => stopping.abort(new Error('stopped')), epochs: 3 };
}

describe('a fit that fails', () => {
  it.each(contenders.map(([definition, own]) => [definition.name, definition, own] as const))(
    'of %s leaves no thread behind',
    async (_, definition, own) => {
      const opened = openedTrainers();
      const recommender = new HistoryRecommender(definition, own as never, { ...stoppedInside(), batchSize: 2 });
      await expect(recommender.fit(chain().ratings)).rejects.toThrow('stopped');
      expect(opened).toHaveLength(1);
      await expect(opened[0]?.weights()).rejects.toThrow(`the training of ${definition.name} was closed`);
      await expect(recommender.weights()).rejects.toThrow('must be fitted');
    },
  );

  it('of a neural recommender leaves none either', async () => {
    const opened = openedTrainers();
    const recommender = new NeuralRecommender('gmf', { ...tinySettings, batchSize: 2, ...stoppedInside() });
    await expect(recommender.fit(tinyTraining)).rejects.toThrow('stopped');
    await expect(opened[0]?.weights()).rejects.toThrow('the training of gmf was closed');
  });

  it('of a network of pairs leaves none either', async () => {
    const opened = openedTrainers();
    const { ratings } = moods();
    const recommender = new PairRecommender(
      bstKmeans,
      { width: 8, hidden: [8], length: 4 },
      { ...stoppedInside(), batchSize: 8 },
    );
    await expect(recommender.fit(ratings)).rejects.toThrow('stopped');
    await expect(opened[0]?.weights()).rejects.toThrow('the training of bst-kmeans was closed');
    await expect(recommender.weights()).rejects.toThrow('must be fitted');
  });

  it('for want of ratings starts none', async () => {
    const opened = openedTrainers();
    // Nobody has chosen anything.
    const own = { likedAbove: 4.5 };
    for (const [definition, small] of contenders.filter(([{ predicts }]) => predicts === 'scores')) {
      const recommender = new HistoryRecommender(definition, { ...small, ...own } as never);
      await expect(recommender.fit(chain().ratings)).rejects.toMatchObject({
        code: 'ratings',
        message: `none of the 60 users has enough ratings for ${definition.name} to learn from`,
      });
    }
    expect(opened).toEqual([]);
  });
});
