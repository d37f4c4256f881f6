import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { autoRec } from '../../../../src/models/recommenders/history/autorec.ts';
import { bert4Rec } from '../../../../src/models/recommenders/history/bert4rec.ts';
import { deepAe } from '../../../../src/models/recommenders/history/deep-ae.ts';
import { gru4Rec } from '../../../../src/models/recommenders/history/gru4rec.ts';
import { Histories } from '../../../../src/models/recommenders/history/histories.ts';
import type { HistoryNetwork, HistorySpace } from '../../../../src/models/recommenders/history/history-network.ts';
import { m5 } from '../../../../src/models/recommenders/history/m5.ts';
import { multiDae, multiVae } from '../../../../src/models/recommenders/history/multi-vae.ts';
import { sasRec } from '../../../../src/models/recommenders/history/sasrec.ts';
import { globalMean } from '../../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { firstLosses, items, referenceRows, users } from '../first-losses.ts';
import { training } from '../support.ts';

const reference = JSON.parse(readFileSync(new URL('history-reference.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly number[]
>;
const data = { ...training(referenceRows(), users, items), scale: { minimum: 1, maximum: 5 } };
const other = numbersOf(23);
const space: HistorySpace = {
  ...{ userCount: users, itemCount: items, scale: data.scale, mean: globalMean(data.values) },
  known: new Uint8Array(items).fill(1),
  content: { vectors: Float32Array.from({ length: items * 3 }, () => 2 * other() - 1), dimension: 3 },
};
const sequences = { width: 4, length: 6, dropout: 0 };
const attention = { ...sequences, layers: 1, heads: 2, inner: 5 };

const networks: Readonly<Record<string, HistoryNetwork>> = {
  autorec: autoRec.network({ hidden: 4 }, space),
  'deep-ae': deepAe.network({ hidden: [5, 3, 5], dropout: 0 }, space),
  'multi-dae': multiDae.network({ hidden: [5], latent: 3, dropout: 0 }, space),
  'multi-vae': multiVae.network({ hidden: [5], latent: 3, dropout: 0, totalAnnealSteps: 10 }, space),
  gru4rec: gru4Rec.network({ ...sequences, hidden: 3, content: true, coldRate: 0 }, space),
  sasrec: sasRec.network(attention, space),
  bert4rec: bert4Rec.network({ ...attention, maskRatio: 0.4 }, space),
  m5: m5.network({ width: 4, length: 6, dropout: 0, heads: 2, interests: 3 }, space),
};

function losses(network: HistoryNetwork): Promise<number[]> {
  const histories = new Histories(data, network.side, false);
  const all = Array.from({ length: network.side === 'users' ? users : items }, (_, owner) => histories.of(owner));
  return firstLosses(network, (draws, buffers) => network.learnt(all, draws, buffers));
}

describe('networks that read histories', () => {
  it.each(Object.keys(reference))('%s has the first losses that PyTorch gives', async (name) => {
    const found = await losses(networks[name] as HistoryNetwork);
    for (const [step, loss] of found.entries()) {
      expect(Math.abs(loss - (reference[name]?.[step] as number))).toBeLessThan(1e-4);
    }
  });

  it('is checked against PyTorch, each of them', () => {
    expect(Object.keys(reference)).toEqual(Object.keys(networks));
  });
});
