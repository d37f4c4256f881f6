import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/core/errors.ts';
import { autoRec } from '../../../../src/models/recommenders/history/autorec.ts';
import { bert4Rec } from '../../../../src/models/recommenders/history/bert4rec.ts';
import { deepAe } from '../../../../src/models/recommenders/history/deep-ae.ts';
import { gru4Rec } from '../../../../src/models/recommenders/history/gru4rec.ts';
import type { HistoryDefinition } from '../../../../src/models/recommenders/history/history-network.ts';
import { HistoryRecommender } from '../../../../src/models/recommenders/history/history-recommender.ts';
import { multiDae, multiVae } from '../../../../src/models/recommenders/history/multi-vae.ts';
import { sasRec } from '../../../../src/models/recommenders/history/sasrec.ts';
import { tastes } from './planted-histories.ts';

const wrong: readonly (readonly [HistoryDefinition<never>, string, unknown])[] = [
  [autoRec, 'side', 'both'],
  [autoRec, 'hidden', 0],
  [autoRec, 'activation', 'step'],
  [autoRec, 'dropout', 1],
  [autoRec, 'noise', -0.1],
  [autoRec, 'centre', 'median'],
  [deepAe, 'hidden', []],
  [deepAe, 'refeeding', -1],
  [multiDae, 'latent', 0],
  [multiVae, 'annealCap', -1],
  [multiVae, 'totalAnnealSteps', 0],
  [gru4Rec, 'length', 1],
  [gru4Rec, 'hidden', 1.5],
  [gru4Rec, 'dropout', 1],
  [sasRec, 'heads', 3],
  [sasRec, 'layers', 0],
  [bert4Rec, 'maskRatio', 1],
  [bert4Rec, 'ftRatio', -1],
];

describe('a recommender that reads histories', () => {
  it.each(wrong.map(([definition, option, value]) => [definition.name, option, value, definition] as const))(
    '%s refuses `%s` %j when it is made, and names it',
    (_, option, value, definition) => {
      const make = () => new HistoryRecommender(definition, { [option]: value } as never);
      expect(make).toThrow(UsageError);
      expect(make).toThrow(expect.objectContaining({ code: 'usage', option }));
    },
  );

  it.each([
    ['batchSize', 0],
    ['memory', 0],
    ['epochs', 0],
    ['patience', 0],
    ['learningRate', 0],
    ['l2', -1],
    ['seed', -1],
  ])('refuses `%s` %j of a training when it is made', (option, value) => {
    const make = () => new HistoryRecommender(multiDae, {}, { [option]: value });
    expect(make).toThrow(expect.objectContaining({ name: 'UsageError', option }));
  });

  it('has the values of `defaults` where none are given, an undefined one being none', () => {
    const space = { userCount: 3, itemCount: 4, scale: { minimum: 1, maximum: 5 }, mean: 3, content: undefined };
    const all = { ...space, known: new Uint8Array(4).fill(1) };
    const [left, given] = [{ hidden: undefined }, gru4Rec.defaults].map((own) => gru4Rec.network(own, all));
    expect(left?.activations(7)).toBe(given?.activations(7));
    expect(gru4Rec.network({ hidden: 64 }, all).activations(7)).not.toBe(given?.activations(7));
  });

  it('refuses weights that are not its own with a ModelError, and starts no training with them', async () => {
    const { ratings } = tastes();
    await using trained = new HistoryRecommender(multiDae, { hidden: [4], latent: 2 }, { epochs: 1 });
    await trained.fit(ratings);
    const weights = await trained.weights();
    await using other = new HistoryRecommender(multiDae, { hidden: [4], latent: 2 });
    const less = new Map([...weights].slice(1));
    await expect(other.restore(ratings, less)).rejects.toMatchObject({ name: 'ModelError', code: 'weights' });
    await using wider = new HistoryRecommender(multiDae, { hidden: [5], latent: 2 });
    await expect(wider.restore(ratings, weights)).rejects.toMatchObject({ name: 'ModelError', code: 'shape' });
    await expect(wider.weights()).rejects.toMatchObject({ name: 'UsageError' });
  });
});
