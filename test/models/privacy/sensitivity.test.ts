import { describe, expect, it } from 'vitest';
import { FeedBuffers } from '../../../src/models/autodiff/feed-buffers.ts';
import { sgd } from '../../../src/models/autodiff/optimisers/sgd.ts';
import { initialState, namedVariables, overwrite } from '../../../src/models/autodiff/state.ts';
import { StepRunner } from '../../../src/models/autodiff/step-runner.js';
import { planTraining } from '../../../src/models/autodiff/training-plan.ts';
import { joinUnits } from '../../../src/models/autodiff/unit-feeds.ts';
import { privacyOf } from '../../../src/models/privacy/privacy-options.ts';
import { bert4Rec } from '../../../src/models/recommenders/history/bert4rec.ts';
import { deepAe } from '../../../src/models/recommenders/history/deep-ae.ts';
import { gru4Rec } from '../../../src/models/recommenders/history/gru4rec.ts';
import { Histories } from '../../../src/models/recommenders/history/histories.ts';
import type { HistoryDefinition } from '../../../src/models/recommenders/history/history-network.ts';
import { multiVae } from '../../../src/models/recommenders/history/multi-vae.ts';
import { sasRec } from '../../../src/models/recommenders/history/sasrec.ts';
import { drawsOfUnit, privateBatches } from '../../../src/models/recommenders/private-batches.ts';
import { twoTastes } from './planted-units.ts';

const key = new Uint8Array(32).fill(7);
const clip = 0.02;
const { ratings } = twoTastes(false, 8, 12);
const timed = { ...ratings, times: Float64Array.from(ratings.values.keys()) };
const attention = { width: 6, inner: 6, length: 4, layers: 1, heads: 2, dropout: 0.4 };

const content = { vectors: Float32Array.from({ length: 12 * 3 }, (_, at) => Math.sin(at)), dimension: 3 };

function networkOf(definition: HistoryDefinition<never>, own: object) {
  const { userCount, itemCount, scale } = timed;
  const space = { userCount, itemCount, scale, mean: 3, known: new Uint8Array(itemCount).fill(1), content };
  return definition.network(own as never, space);
}

/** What a step without noise adds to all weights. */
async function changeBy(definition: HistoryDefinition<never>, own: object, units: readonly number[]) {
  const network = networkOf(definition, own);
  const histories = new Histories(timed, 'users', definition.inTime);
  const optimiser = sgd();
  const { plan, groups } = planTraining(network.module, optimiser, 0, undefined, { clip, noise: 1e-9, expected: 1 });
  const state = initialState(groups, 1);
  overwrite(plan.state, state, network.facts);
  const runner = await StepRunner.open(plan, { seed: 1, noiseKey: key });
  runner.load(state);
  const buffers = new FeedBuffers();
  const fed = units.map((unit) => ({
    unit,
    feeds: network.learnt([histories.of(unit)], drawsOfUnit(key, 1, unit), buffers),
  }));
  const before = [...namedVariables(plan.state, runner.state()).values()];
  const shape = fed[0]?.feeds ?? {};
  await runner.steps([{ feeds: joinUnits(fed, shape, buffers), step: 1, scalars: optimiser.scalarsAt(1, 1) }]);
  const after = [...namedVariables(plan.state, runner.state()).values()];
  await runner.close();
  return after.flatMap((values, at) => Array.from(values, (value, n) => value - (before[at]?.[n] as number)));
}

describe('a private step', () => {
  it.each([
    ['multi-vae', multiVae, { hidden: [6], latent: 3 }],
    ['deep-ae', deepAe, { hidden: [8, 8, 8], dropout: 0.5, noise: 0.3 }],
    ['gru4rec', gru4Rec, { width: 6, hidden: 6, length: 4 }],
    ['sasrec', sasRec, attention],
    ['bert4rec', bert4Rec, attention],
    ['sasrec with content', sasRec, { ...attention, content: true }],
  ] as const)('of %s changes by the gradient of a user alone when that user leaves', async (_, definition, own) => {
    const change = (units: readonly number[]) => changeBy(definition as HistoryDefinition<never>, own, units);
    const [all, others, one] = [await change([0, 2, 3, 5]), await change([2, 3, 5]), await change([0])];
    const left = all.map((value, at) => value - (others[at] as number));
    expect(Math.hypot(...left)).toBeLessThan(1.001 * clip);
    expect(Math.hypot(...left.map((value, at) => value - (one[at] as number)))).toBeLessThan(1e-5);
  });

  it('draws for a unit whatever others are in it, from the key and the step', async () => {
    const network = networkOf(bert4Rec as HistoryDefinition<never>, attention);
    const histories = new Histories(timed, 'users', true);
    const drawn = async (batchSize: number, secret = key) => {
      const found = new Map<string, unknown>();
      const units = {
        ...{ count: 8, batchSize },
        feedsOf: (unit: number, draws: ReturnType<typeof drawsOfUnit>, buffers: FeedBuffers) => {
          const feeds = network.learnt([histories.of(unit)], draws, buffers);
          const values = Object.values(feeds).map(({ data }) => Array.from(data));
          found.set(`${draws.step} ${unit}`, values);
          return feeds;
        },
      };
      const privacy = privacyOf({ noise: 1, key: secret }, 1);
      let left = 2;
      for await (const _ of privateBatches(units, privacy).batches(0, 0, new FeedBuffers())) if (--left === 0) break;
      return found;
    };
    const [whole, some] = [await drawn(8), await drawn(3)];
    const both = [...some].filter(([place]) => whole.has(place));
    expect(both.length).toBeGreaterThan(0);
    for (const [place, values] of both) expect(values).toEqual(whole.get(place));
    expect([...(await drawn(8, new Uint8Array(32)))]).not.toEqual([...whole]);
  });
});
