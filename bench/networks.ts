/**
 * The networks that reelflow writes itself, compared with torchvision (VGGish: with the module in
 * the reference script): how far their values are apart with the same random state dict, and how
 * fast they are. From the root of the repository, after a build:
 *
 *   node dist/bench/networks.js [--do equality] [--networks alexnet,vgg16,...] [--dir /tmp]
 *   node dist/bench/networks.js --do speed [--batches 8,16,32] [--seconds 6]
 *   node dist/bench/networks.js --do vectors > test/models/networks/torchvision-vectors.json
 *
 * `equality` needs up to 1.2 GB in --dir. `speed` uses one worker with one thread and random
 * weights, and compares the peak memory (PSS) of a separate process with what
 * `UnopenedNetwork.memory` promises. `vectors` writes our random:1 weights to a file and has
 * torchvision compute with them. Needs python3 with torch, torchvision and numpy.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wantedTensors } from '../src/models/networks/architecture.ts';
import { namedWeights } from '../src/models/networks/named-weights.ts';
import { network } from '../src/models/networks/network.ts';
import { namedNetwork, networkNames } from '../src/models/networks/network-registry.ts';
import { collect } from '../src/models/onnx/write.ts';
import { type SafetensorsTensor, writeSafetensors } from '../src/models/weights/safetensors.ts';
import { benchOptions } from './clips.ts';
import { runMeasured } from './run-measured.ts';
import { difference, expectedAt, reference, vectorsAt } from './torchvision.ts';

const options = benchOptions({
  ...{ do: 'equality', networks: networkNames.join(','), dir: '/tmp' },
  ...{ batches: '8,16,32', seconds: '6', batch: '' },
});
const names = (options.networks as string).split(',');
const MB = 1e6;

/**
 * Layers that are compared: the input and output of every kind of layer, and each network's default
 * and last one.
 */
const compared: Readonly<Record<string, readonly string[]>> = {
  alexnet: ['features.12', 'classifier.5', 'classifier.6'],
  vgg16: ['features.30', 'classifier.4', 'classifier.6'],
  resnet50: ['conv1', 'layer2.3', 'avgpool', 'fc'],
  squeezenet1_0: ['features.3.squeeze_activation', 'pool', 'classifier.3'],
  squeezenet1_1: ['features.6', 'pool', 'classifier.3'],
  vggish: ['embeddings.4', 'embeddings.5', 'postprocessed.whitened', 'postprocessed'],
};

/** Layers whose weights are small enough for a test. */
const committed: Readonly<Record<string, readonly string[]>> = {
  alexnet: ['features.12'],
  vgg16: ['features.9'],
  resnet50: ['layer2.3', 'avgpool'],
  squeezenet1_0: ['pool', 'classifier.3'],
  squeezenet1_1: ['pool', 'classifier.3'],
  vggish: ['features.15'],
};

async function equality(): Promise<void> {
  console.log('| network | layer | values | cosine | max abs difference | relative to the largest value |');
  console.log('| --- | --- | ---: | ---: | ---: | ---: |');
  for (const name of names) {
    const folder = mkdtempSync(join(options.dir as string, 'reelflow-networks-'));
    try {
      reference('state-dicts', folder, name);
      for (const layer of compared[name] ?? []) {
        const given = await vectorsAt(folder, name, layer, join(folder, `${name}.pth`));
        const { cosine, absolute, relative } = difference(given, expectedAt(folder, name, layer));
        const figures = [given.length / 2, cosine.toFixed(9), absolute.toExponential(1), relative.toExponential(1)];
        console.log(`| ${[name, layer, ...figures].join(' | ')} |`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

function vectors(): void {
  const networks: Record<string, unknown> = {};
  for (const name of names) {
    const folder = mkdtempSync(join(options.dir as string, 'reelflow-networks-'));
    try {
      const layers = committed[name] ?? [];
      const tensors: Record<string, SafetensorsTensor> = {};
      for (const layer of layers) {
        const named = namedNetwork(name, { layer });
        if (!named) throw new Error(`there is no network ${name}`);
        const { tensor } = namedWeights(named.architecture, 'random:1', undefined, folder);
        for (const wanted of wantedTensors(named.architecture)) {
          const bytes = collect(tensor(wanted.name, wanted.shape, wanted.role));
          tensors[wanted.name] = { type: 'F32', shape: wanted.shape, bytes };
        }
      }
      const file = join(folder, 'weights.safetensors');
      writeFileSync(file, writeSafetensors(tensors));
      networks[name] = JSON.parse(reference('from-weights', name, file, ...layers));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const made =
    'What torchvision (for VGGish: the module in torchvision-reference.py) gives for the first row of `referenceInput` with our random:1 weights: ' +
    'every `stride`-th value, the norm and the largest absolute value. Made by `node dist/bench/networks.js --do vectors`.';
  console.log(JSON.stringify({ made, networks }, null, 1));
}

/**
 * Rows per second of one worker with one thread; `own` runs in a separate process, so that its
 * memory is measured alone.
 */
async function speed(): Promise<void> {
  if (options.batch !== '') {
    console.log(JSON.stringify(await speedOf(names[0] as string, Number(options.batch))));
    return;
  }
  console.log('| network | batch | rows/s | torchvision, same batch | peak PSS | planned |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const name of names) {
    for (const batch of (options.batches as string).split(',').map(Number)) {
      const own = [
        '--do',
        'speed',
        '--networks',
        name,
        '--batch',
        String(batch),
        '--seconds',
        options.seconds as string,
      ];
      // Once beforehand, so that writing the network is not measured.
      await runMeasured(process.execPath, [fileURLToPath(import.meta.url), ...own.slice(0, -1), '0.1']);
      const { code, stdout, stderr, peakBytes } = await runMeasured(process.execPath, [
        fileURLToPath(import.meta.url),
        ...own,
      ]);
      if (code !== 0) throw new Error(stderr);
      const { rate, planned } = JSON.parse(stdout) as { rate: number; planned: number };
      const peer = Number(reference('speed', name, String(batch), options.seconds as string));
      const figures = [
        rate.toFixed(1),
        peer.toFixed(1),
        `${Math.round(peakBytes / MB)} MB`,
        `${Math.round(planned / MB)} MB`,
      ];
      console.log(`| ${[name, batch, ...figures].join(' | ')} |`);
    }
  }
}

async function speedOf(name: string, batch: number): Promise<{ rate: number; planned: number }> {
  const plan = network(name, { weights: 'random:1' });
  const open = await plan.open({ batch });
  const row = plan.card.input.kind === 'frames' ? new Uint8Array(plan.inputLength) : new Float32Array(plan.inputLength);
  const rows = Array.from({ length: batch }, () => row.map((_, index) => (index * 77) & 255));
  await open.embed(rows);
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < 1000 * Number(options.seconds)) {
    await open.embed(rows);
    done += batch;
  }
  const rate = (1000 * done) / (performance.now() - started);
  await open.close();
  return { rate, planned: plan.memory({ workers: 1, threads: 1, batch }).resident };
}

if (options.do === 'equality') await equality();
else if (options.do === 'vectors') vectors();
else if (options.do === 'speed') await speed();
else throw new Error(`--do is equality, vectors or speed, not '${options.do}'`);
