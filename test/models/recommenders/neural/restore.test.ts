import { describe, expect, it } from 'vitest';
import { NeuralRecommender } from '../../../../src/models/recommenders/neural/neural-recommender.ts';
import { tinyFeatures, tinyModalities, tinySettings, tinyTraining } from './tiny-problem.ts';

const options = { ...tinySettings, form: 'thesis' as const, epochs: 2, modalities: tinyModalities };

describe('NeuralRecommender.restore', () => {
  it('predicts as the recommender whose weights it was given, and refuses incomplete or foreign ones', async () => {
    const trained = new NeuralRecommender('dcf-av-1', options);
    await trained.fit(tinyTraining, undefined, tinyFeatures());
    const weights = await trained.weights();
    const [users, items] = [Int32Array.of(0, 5, 5, 19), Int32Array.of(1, 2, 15, 5)];
    const restored = new NeuralRecommender('dcf-av-1', { ...options, seed: 99 });
    await restored.restore(tinyTraining, weights, tinyFeatures());
    expect(await restored.predict(users, items)).toEqual(await trained.predict(users, items));
    await trained.close();

    const [name = '', values = new Float32Array(0)] = [...weights][0] ?? [];
    const less = new Map([...weights].slice(1));
    const refused = (given: Map<string, Float32Array>) => restored.restore(tinyTraining, given, tinyFeatures());
    await expect(refused(less)).rejects.toThrow(`there are no weights '${name}' of dcf-av-1`);
    await expect(refused(new Map([...less, [name, values.subarray(1)]]))).rejects.toMatchObject({ code: 'shape' });
    await expect(refused(new Map([...weights, ['more', values]]))).rejects.toMatchObject({ code: 'shape' });
    await expect(restored.predict(users, items)).rejects.toThrow('must be fitted first');
    await restored.close();
  });
});
