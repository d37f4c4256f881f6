import { expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { checkKnownOptions } from '../../src/core/known-options.ts';
import { analyseFeatures, analyseRatings, plannedAnalysis } from '../../src/entries/analysis.ts';
import { extract, fetchCorpus, plannedExtraction, prune, reduce } from '../../src/entries/commands.ts';
import { compact, importFeatures, openTable } from '../../src/entries/datasets.ts';
import { probe } from '../../src/entries/media.ts';
import { openMovieLens, readPredictions, readRatings } from '../../src/entries/ratings.ts';
import {
  evaluate,
  evaluatePredictions,
  evaluateRecommender,
  fitRecommender,
  type LoadedRecommender,
  loadRecommender,
  plannedExperiment,
  rankUsers,
  recommend,
  recommendToAll,
  runExperiment,
  similarItems,
  trainRecommender,
} from '../../src/entries/recommenders.ts';
import { fakeFrame, fakePatch, runColumns } from '../../src/entries/testing.ts';
import { importWeights, makeCard, plannedImport, pullWeights } from '../../src/entries/weights.ts';
import {
  audio,
  embed,
  Flow,
  frames,
  network,
  subclips,
  type VideoScope,
  video,
  videos,
  writeDataset,
} from '../../src/index.ts';

async function faultOf(call: () => unknown): Promise<UsageError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('the option was accepted');
}

it('names the option that is meant, else those that there are', async () => {
  const known = { width: true, height: true } as const;
  const near = await faultOf(() => checkKnownOptions('draw', { widht: 3 }, known));
  expect(near.message).toBe("`draw` has no option 'widht'");
  expect(near.option).toBe('widht');
  expect(near.remedy).toBe('Did you mean `width`?');
  const far = await faultOf(() => checkKnownOptions('draw', { colour: 3 }, known));
  expect(far.remedy).toBe('Its options are `width`, `height`.');
});

it('accepts options without a value, and refuses options that are not an object', async () => {
  checkKnownOptions('draw', { width: undefined, colour: undefined }, { width: true });
  for (const [wrong, looks] of [
    [3, '3'],
    [null, 'null'],
    [[1], 'an array of 1'],
    [undefined, 'undefined'],
  ]) {
    const fault = await faultOf(() => checkKnownOptions('draw', wrong, {}));
    expect(fault.message).toBe(`the options of \`draw\` must be an object, but are ${looks}`);
  }
});

it('takes no name of an object itself for an option', async () => {
  const fault = await faultOf(() => checkKnownOptions('draw', { constructor: 3 }, { width: true }));
  expect(fault.option).toBe('constructor');
});

const scope = new Flow('1MiB').scope('clip');
const clip = video('clip.mp4');
const extra = { colums: 1 };
/** As a caller without types gives it. */
const wrong = extra as never;
const calls: Readonly<Record<string, () => unknown>> = {
  writeDataset: () => writeDataset('out', 'in', { ...extra, columns: () => ({}) }),
  'writeDataset` with `module': () => writeDataset('out', 'in', { ...extra, module: './flow.js#flow' }),
  extract: () => extract({ ...extra, inputs: ['in'], out: 'out' }),
  plannedExtraction: () => plannedExtraction({ ...extra, inputs: ['in'] }),
  reduce: () => reduce({ ...extra, input: 'in', out: 'out' }),
  prune: () => prune('out', wrong),
  compact: () => compact('out', wrong),
  fetchCorpus: () => fetchCorpus({ ...extra, list: 'list.csv', out: 'out', command: 'get {id} {out}' }),
  importFeatures: () => importFeatures([{ path: 'visual.csv' }], 'out', wrong),
  openTable: () => openTable('table', wrong),
  probe: () => probe('clip.mp4', wrong),
  frames: () => frames(clip, { scope, ...extra }),
  audio: () => audio(clip, { scope, ...extra }),
  video: () => video('clip.mp4', wrong),
  videos: () => videos('in', wrong).next(),
  network: () => network('alexnet', wrong),
  embed: () => embed({ name: 'none', dimension: 1 } as never, { scope, ...extra }),
  subclips: () => subclips({ duration: 1 } as never, { name: 'visual', count: 1, statistic: 'mean', ...extra }),
  Flow: () => new Flow('1MiB', wrong),
  window: () => scope.window(2, wrong),
  buffer: () => scope.buffer({ subscribe() {} } as never, wrong),
  zip: () => scope.zip({ subscribe() {} } as never, wrong),
  delay: () => scope.delay(1, wrong),
  mapAsync: () => scope.mapAsync(async () => 1, { concurrency: 1, ...extra }),
  operator: () => scope.operator('own', () => ({ next() {} }), wrong),
  readRatings: () => readRatings('ratings.csv', wrong),
  columns: () => readRatings('ratings.csv', { columns: wrong }),
  fitRecommender: () => fitRecommender({} as never, { ...extra, recommender: 'baseline', options: {}, seed: 1 }),
  trainRecommender: () => trainRecommender({ ...extra, recommender: 'baseline', ratings: 'ratings.csv', out: 'out' }),
  loadRecommender: () => loadRecommender('model', wrong),
  rankUsers: () => rankUsers({} as LoadedRecommender, { ...extra, item: '1' }),
  similarItems: () => similarItems({} as LoadedRecommender, { ...extra, item: '1' }),
  recommendToAll: () => recommendToAll({} as LoadedRecommender, { ...extra, out: 'lists.csv' }),
  analyseFeatures: () => analyseFeatures('items.arrow', wrong),
  plannedAnalysis: () => plannedAnalysis('items.arrow', wrong),
  analyseRatings: () => analyseRatings('ml', wrong),
  openMovieLens: () => openMovieLens('ml', wrong),
  runColumns: () => runColumns(() => ({}), wrong),
  fakeFrame: () => fakeFrame(wrong),
  fakePatch: () => fakePatch(wrong),
  recommend: () => recommend({} as LoadedRecommender, { ...extra, user: '1' }),
  evaluate: () => evaluate({} as never, { ...extra, scale: { minimum: 1, maximum: 5 } }),
  evaluatePredictions: () => evaluatePredictions('predictions.csv', wrong),
  evaluateRecommender: () => evaluateRecommender({ ...extra, train: 'a', test: 'b', recommender: 'baseline' }),
  runExperiment: () => runExperiment({ ratings: 'ml' }, { ...extra, out: 'out' }),
  plannedExperiment: () => plannedExperiment({ ratings: 'ml' }, { ...extra, out: 'out' }),
  pullWeights: () => pullWeights({ ...extra, name: 'alexnet' }),
  importWeights: () => importWeights({ ...extra, name: 'alexnet', file: 'alexnet.pth' }),
  plannedImport: () => plannedImport({ ...extra, name: 'alexnet', file: 'alexnet.pth' }),
  makeCard: () => makeCard({ ...extra, file: 'net.onnx' }),
};

for (const [name, call] of Object.entries(calls)) {
  it(`${name.replaceAll('`', '')} refuses an option that it does not have`, async () => {
    const fault = await faultOf(call);
    expect(fault.message).toBe(`\`${name}\` has no option 'colums'`);
    expect(fault.option).toBe('colums');
  });
}

it('a loop over frames or patches, and reading predictions, refuse what they do not know', async () => {
  expect((await faultOf(() => clip.frames({ sampling: 1 } as never))).option).toBe('sampling');
  expect((await faultOf(() => clip.audio({ sampling: 1 } as never))).option).toBe('sampling');
  expect((await faultOf(() => readPredictions('predictions.csv', wrong))).option).toBe('colums');
});

const uses: Readonly<Record<string, (scope: VideoScope) => unknown>> = {
  'scope.frames': (scope) => scope.frames(wrong),
  'scope.audio': (scope) => scope.audio(wrong),
  'scope.embed': (scope) => scope.embed(network('alexnet', { weights: 'random:1' }), wrong),
  'scope.subclips': (scope) => scope.subclips({ count: 1, ...extra }),
  'scope.window': (scope) => scope.window(2, wrong),
  'scope.buffer': (scope) => scope.buffer(scope.frames(), wrong),
  'scope.zip': (scope) => scope.zip(scope.frames(), wrong),
  'scope.delay': (scope) => scope.delay(1, wrong),
  'scope.mapAsync': (scope) => scope.mapAsync(async () => 1, { concurrency: 1, ...extra }),
  'scope.operator': (scope) => scope.operator('own', () => ({ next() {} }), wrong),
};

for (const [name, use] of Object.entries(uses)) {
  it(`${name} refuses an option that it does not have before anything is decoded`, async () => {
    const columns = (scope: VideoScope) => use(scope) as never;
    const fault = await faultOf(() => writeDataset('out', 'none.mp4', { columns, version: '1' }));
    expect(fault.message).toBe(`\`${name}\` has no option 'colums'`);
  });
}
