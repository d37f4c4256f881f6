/**
 * Trains a small LSTM with TensorFlow.js from a training store, batch by batch from disk, through
 * `tf.data`.
 *
 *   node dist/examples/tfjs-lstm.js FILE
 *
 * With `npm install @tensorflow/tfjs-node-gpu` it runs on the GPU, otherwise in plain JavaScript
 * (`npm install @tensorflow/tfjs`). The features are synthetic and made here: what it learns,
 * whether an item grows louder or calmer, is meaningless.
 */
import type * as tensorflow from '@tensorflow/tfjs';
import { ItemStore, ItemStoreWriter } from 'reelflow/training';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: tfjs-lstm FILE');

/**
 * TensorFlow.js: the GPU version if it is installed and loads, otherwise the one in plain
 * JavaScript. Both have the same API.
 */
async function loadTensorFlow(): Promise<{ tf: typeof tensorflow; name: string }> {
  const gpu = '@tensorflow/tfjs-node-gpu';
  try {
    return { tf: await import(gpu), name: gpu };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { tf: await import('@tensorflow/tfjs'), name: `@tensorflow/tfjs; ${gpu} did not load: ${code ?? message}` };
  }
}

// A training store of 320 items: 10 subclips of 16 visual and 8 audio features. Every fifth item
// has no sound.
const subclips = 10;
const streams = [
  { name: 'visual', dimension: 16 },
  { name: 'audio', dimension: 8 },
];
let state = 1;
const noise = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647 - 0.5;
};
const grows = new Map<string, number>();
const writer = await ItemStoreWriter.create(path, { subclips, streams }, { features: 'synthetic' });
for (let item = 0; item < 320; item += 1) {
  const [itemId, label] = [`trailer-${item}`, item % 2];
  const sequence = (dimension: number) =>
    Float32Array.from({ length: subclips * dimension }, (_, at) => {
      const time = Math.floor(at / dimension) / (subclips - 1) - 0.5;
      return (label === 1 ? time : -time) + noise();
    });
  await writer.add({ itemId, vectors: { visual: sequence(16), audio: item % 5 === 0 ? undefined : sequence(8) } });
  grows.set(itemId, label);
}
await writer.close();

const store = await ItemStore.open(path);
const { tf, name } = await loadTensorFlow();
await tf.ready();
console.log(`synthetic features; TensorFlow.js: ${name}; backend ${tf.getBackend()}`);

/**
 * The epochs of some items in the form that `tf.data` expects: each time it asks for an iterator,
 * it gets the next epoch.
 */
function dataset(items: readonly string[]) {
  const epochs = store.batches({ batchSize: 32, shuffle: true, seed: 1, prefetch: 2, items });
  return tf.data.generator(async function* () {
    for await (const { itemIds, size, streams } of epochs) {
      // TensorFlow.js may keep the array it receives, and ours is refilled, so the arrays are
      // copied.
      const sequences = (stream: string, dimension: number) =>
        tf.tensor3d(streams[stream]?.slice() ?? new Float32Array(0), [size, subclips, dimension]);
      const labels = tf.tensor2d(
        itemIds.map((id) => grows.get(id) ?? 0),
        [size, 1],
      );
      yield { xs: { visual: sequences('visual', 16), audio: sequences('audio', 8) }, ys: labels };
    }
  });
}

/**
 * One LSTM for each stream, side by side, then a dense layer. Seeded, so that each run has the same
 * losses.
 */
function buildModel() {
  const inputs = streams.map(({ name, dimension }) => tf.input({ shape: [subclips, dimension], name }));
  const last = inputs.map((input, index) =>
    tf.layers
      .lstm({
        units: 8,
        kernelInitializer: tf.initializers.glorotUniform({ seed: index + 1 }),
        recurrentInitializer: tf.initializers.glorotUniform({ seed: index + 11 }),
      })
      .apply(input),
  ) as tensorflow.SymbolicTensor[];
  const joined = tf.layers.concatenate().apply(last);
  const output = tf.layers
    .dense({ units: 1, activation: 'sigmoid', kernelInitializer: tf.initializers.glorotUniform({ seed: 21 }) })
    .apply(joined) as tensorflow.SymbolicTensor;
  const model = tf.model({ inputs, outputs: output });
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  return model;
}

const model = buildModel();
const training = store.itemIds.slice(0, 256);
const held = store.itemIds.slice(256);
const history = await model.fitDataset(dataset(training), { epochs: 4, verbose: 0 });
for (const [epoch, loss] of (history.history.loss ?? []).entries()) {
  console.log(`epoch ${epoch + 1}: loss ${Number(loss).toFixed(4)}`);
}
const [, accuracy] = (await model.evaluateDataset(dataset(held), {})) as tensorflow.Scalar[];
console.log(`accuracy on ${held.length} other items: ${(accuracy?.dataSync()[0] ?? 0).toFixed(3)}`);
console.log(`buffers held now: ${store.heldBytes} bytes`);
await store.close();
