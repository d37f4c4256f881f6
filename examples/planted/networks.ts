import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, replaceFile } from '../../src/core/atomic-file.ts';
import { constant, node, type OnnxGraph, ownOpset } from '../../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../../src/models/onnx/write.ts';
import { toneFrequencies } from './clips.ts';

const SIDE = 32;
const SAMPLE_RATE = 16_000;
/**
 * One second: a scene. The mean of a patch over two scenes would reveal which of them came first.
 */
const PATCH = 16_000;
const WINDOW = 400;
const HOP = 200;
/** Number of periods in a band's window: the more periods, the narrower the band. */
const PERIODS = 6;

/** Regions of a frame whose colour is measured: two by two. */
export const REGIONS = 4;
/**
 * Red of the regions, then green, then blue; then the strength of edges across and of edges down.
 */
const LOOK_DIMENSION = 3 * REGIONS + 2;
/** Loudness of the bands. */
const AUDIO_DIMENSION = toneFrequencies.length;

/**
 * Writes two small fixed networks with their network cards. Nothing in them is trained: they only
 * measure. `planted-look`: mean colour of four regions of a 32 x 32 frame, and mean absolute
 * differences of neighbouring pixels. `planted-sound`: mean log energy of a patch of one second in
 * eight bands, by convolution with windowed cosines and sines.
 *
 * @returns the paths of the cards.
 */
export async function writePlantedNetworks(directory: string): Promise<{ visual: string; audio: string }> {
  await makeDirectory(directory);
  const visual = await writeCard(directory, 'planted-look', lookGraph(), {
    modality: 'visual',
    input: { kind: 'frames', width: SIDE, height: SIDE, layout: 'NCHW', dtype: 'float32' },
    preprocess: { resize: 'stretch', channels: 'RGB', scale: 1 / 255, mean: [0.4, 0.4, 0.4], std: [0.2, 0.2, 0.2] },
    output: { name: 'features', dimension: LOOK_DIMENSION },
  });
  const audio = await writeCard(directory, 'planted-sound', audioGraph(), {
    modality: 'audio',
    input: { kind: 'pcm', sampleRate: SAMPLE_RATE, layout: 'N1S', patchSamples: PATCH, hopSamples: PATCH },
    output: { name: 'features', dimension: AUDIO_DIMENSION },
  });
  return { visual, audio };
}

function lookGraph(): OnnxGraph {
  const third = 1 / 3;
  // Differences between a pixel and its right and lower neighbours, in the mean of the three
  // channels.
  const across = Float32Array.from({ length: 12 }, (_, at) => [-third, third, 0, 0][at % 4] as number);
  const down = Float32Array.from({ length: 12 }, (_, at) => [-third, 0, third, 0][at % 4] as number);
  return {
    nodes: [
      node('AveragePool', ['picture'], ['regions'], {
        kernel_shape: [SIDE / 2, SIDE / 2],
        strides: [SIDE / 2, SIDE / 2],
      }),
      node('Flatten', ['regions'], ['colours'], { axis: 1 }),
      node('Conv', ['picture', 'differences'], ['edges']),
      node('Abs', ['edges'], ['strengths']),
      node('GlobalAveragePool', ['strengths'], ['strength']),
      node('Flatten', ['strength'], ['flat'], { axis: 1 }),
      node('Mul', ['flat', 'gain'], ['texture']),
      node('Concat', ['colours', 'texture'], ['features'], { axis: 1 }),
    ],
    initializers: [
      constant('differences', [2, 3, 2, 2], Float32Array.from([...across, ...down])),
      constant('gain', [1], Float32Array.of(4)),
    ],
    inputs: [{ name: 'picture', elementType: 1, shape: ['N', 3, SIDE, SIDE] }],
    outputs: [{ name: 'features', elementType: 1, shape: ['N', LOOK_DIMENSION] }],
    ...common,
  };
}

function audioGraph(): OnnxGraph {
  const bands = AUDIO_DIMENSION;
  const kernel = (wave: (angle: number) => number) =>
    Float32Array.from({ length: bands * WINDOW }, (_, at) => {
      const frequency = toneFrequencies[Math.floor(at / WINDOW)] as number;
      const length = Math.min(WINDOW, (PERIODS * SAMPLE_RATE) / frequency);
      const sample = at % WINDOW;
      if (sample >= length) return 0;
      const hann = 1 - Math.cos((2 * Math.PI * sample) / length);
      return (2 / length) * hann * wave((2 * Math.PI * frequency * sample) / SAMPLE_RATE);
    });
  return {
    nodes: [
      node('Conv', ['sound', 'cosines'], ['real'], { strides: [HOP] }),
      node('Conv', ['sound', 'sines'], ['imaginary'], { strides: [HOP] }),
      node('Mul', ['real', 'real'], ['real-energy']),
      node('Mul', ['imaginary', 'imaginary'], ['imaginary-energy']),
      node('Add', ['real-energy', 'imaginary-energy'], ['energy']),
      node('Add', ['energy', 'floor'], ['raised']),
      node('Log', ['raised'], ['loudness']),
      node('GlobalAveragePool', ['loudness'], ['mean']),
      node('Flatten', ['mean'], ['flat'], { axis: 1 }),
      node('Add', ['flat', 'offset'], ['centred']),
      node('Mul', ['centred', 'gain'], ['features']),
    ],
    initializers: [
      constant('cosines', [bands, 1, WINDOW], kernel(Math.cos)),
      constant('sines', [bands, 1, WINDOW], kernel(Math.sin)),
      constant('floor', [1], Float32Array.of(1e-4)),
      constant('offset', [1], Float32Array.of(7)),
      constant('gain', [1], Float32Array.of(0.4)),
    ],
    inputs: [{ name: 'sound', elementType: 1, shape: ['N', 1, PATCH] }],
    outputs: [{ name: 'features', elementType: 1, shape: ['N', bands] }],
    ...common,
  };
}

const common = { opsets: { '': ownOpset }, irVersion: 8, functions: [] } as const;

async function writeCard(directory: string, name: string, graph: OnnxGraph, card: object): Promise<string> {
  // A network file is never overwritten in place.
  for (const extension of ['onnx', 'data']) await rm(join(directory, `${name}.${extension}`), { force: true });
  writeModel(graph, join(directory, `${name}.onnx`), join(directory, `${name}.data`));
  const path = join(directory, `${name}.json`);
  await replaceFile(path, `${JSON.stringify({ name, file: `${name}.onnx`, ...card }, null, 2)}\n`);
  return path;
}
