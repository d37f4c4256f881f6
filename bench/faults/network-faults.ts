import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openTable } from '../../src/io/dataset/table-reader.ts';
import type { NetworkCard } from '../../src/models/networks/card.ts';
import type { Finding } from './finding.ts';
import { endOf, type Run, runProduct, saidBy } from './product.ts';

/** An input and what is done with it. */
export interface Case {
  readonly file: string;
  readonly look: () => Promise<Finding>;
}

/** A colour clip whose last two seconds are black, stored with the networks. */
const CLIP = 'media/steps.mp4';
const MEMORY_LIMIT = 512 * 2 ** 20;

/**
 * How each file is used, and the expected outcome; any other file must only not crash the command.
 */
const CASES: Readonly<Record<string, { readonly expected: string; readonly check: (run: ModelRun) => string[] }>> = {
  'gray.onnx': { expected: 'refused, or a card that is not for audio', check: greyIsNotAudio },
  'mfn-fp16.onnx': { expected: 'runs, as ONNX Runtime', check: mustRun },
  't-bool-int32data.onnx': { expected: 'runs, as ONNX Runtime', check: mustRun },
  't-double-data.onnx': { expected: 'runs, as ONNX Runtime', check: mustRun },
  't-int64max-data.onnx': { expected: 'runs, as ONNX Runtime', check: mustRun },
  'up-resize.json': { expected: 'within 512 MiB, or refused', check: withinMemory },
  'w2v-4s.json': { expected: 'within 512 MiB, or refused (as it is without its .onnx)', check: withinMemory },
  'ref-args.pth': {
    expected: 'imported',
    check: ({ verdict }) => (verdict === 'imported' ? [] : [`${verdict}, not imported`]),
  },
};

/** The outcome of a model. */
interface ModelRun {
  readonly verdict: string;
  readonly counted: string;
  readonly said: string;
  readonly peakBytes?: number | undefined;
  /** The largest difference from ONNX Runtime's own values, relative to the largest of them. */
  readonly apart?: number | undefined;
}

/**
 * The cases in a folder of networks: cards to write, weights to import, networks to run.
 */
export function networkFaults(folder: string, scratch: string): Case[] {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  // A network with a card is tested through its card.
  const own = files.filter((file) => extname(file) !== '.onnx' || !files.includes(`${basename(file, '.onnx')}.json`));
  return own.map((file) => ({
    file,
    look: async () => {
      const directory = mkdtempSync(join(scratch, 'networks-'));
      for (const name of files) copyFileSync(join(folder, name), join(directory, name));
      const run = await use(file, directory, join(folder, '..', CLIP), scratch);
      const { expected, check } = CASES[file] ?? { expected: 'no crash', check: mustNotCrash };
      const { verdict, counted, said } = run;
      return {
        kind: 'networks',
        file,
        verdict,
        counted,
        expected,
        differences: [...mustNotCrash(run), ...check(run)],
        said,
      };
    },
  }));
}

async function use(file: string, directory: string, clip: string, scratch: string): Promise<ModelRun> {
  const path = join(directory, file);
  if (extname(file) === '.json') return embedClip(path, clip, scratch);
  if (extname(file) === '.onnx') {
    const made = await runProduct(['weights', 'card', path, '--json'], scratch);
    if (made.code !== 0) return endedRun(made);
    const { path: cardPath, card } = JSON.parse(made.stdout) as { path: string; card: NetworkCard };
    if (card.modality !== 'visual') return { verdict: 'card:audio', counted: '', said: made.stdout.trim() };
    const run = await embedClip(cardPath, clip, scratch);
    return run;
  }
  const imported = await runProduct(['weights', 'import', 'squeezenet1_1', path, '--json', '--replace'], scratch);
  return imported.code === 0 ? { verdict: 'imported', counted: '', said: '' } : endedRun(imported);
}

function endedRun(run: Run): ModelRun {
  return { verdict: endOf(run), counted: '', said: saidBy(run) };
}

/**
 * Extracts the clip with a card at one frame per second, and compares its black end with ONNX
 * Runtime.
 */
async function embedClip(cardPath: string, clip: string, scratch: string): Promise<ModelRun> {
  const card = JSON.parse(readFileSync(cardPath, 'utf8')) as NetworkCard;
  const out = mkdtempSync(join(scratch, 'features-'));
  const [used, unused] = card.modality === 'visual' ? ['--visual', '--audio'] : ['--audio', '--visual'];
  const run = await runProduct(
    [
      ...['extract', clip, '--out', out, used, cardPath, unused, 'none', '--subclips', '5', '--fps', '1'],
      ...['--memory', `${MEMORY_LIMIT}`, '--json', '--progress', 'none', '--device', 'cpu'],
    ],
    scratch,
  );
  if (!run.stdout.startsWith('{')) return endedRun(run);
  const summary = JSON.parse(run.stdout) as {
    readonly memory: { readonly peakRssBytes: number };
    readonly dead: readonly { readonly code: string; readonly message: string }[];
  };
  const peakBytes = summary.memory.peakRssBytes;
  const counted = `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
  const [letter] = summary.dead;
  if (letter !== undefined) return { verdict: `dead:${letter.code}`, counted, said: letter.message, peakBytes };
  const ran = { verdict: 'runs', counted, said: '', peakBytes };
  if (card.modality !== 'visual' || card.preprocess === undefined) return ran;
  const apart = difference(await lastRow(out), await ownValues(cardPath, card));
  return { ...ran, counted: `${counted}, apart ${apart.toExponential(1)}`, apart };
}

async function lastRow(dataset: string): Promise<number[]> {
  const table = await openTable(join(dataset, 'subclips=5/aggregate=mean'));
  let last: number[] = [];
  try {
    for await (const { batch } of table.batches()) {
      for (const row of batch) last = [...((row as unknown as { visual: Iterable<number> | null }).visual ?? [])];
    }
  } finally {
    await table.close();
  }
  return last;
}

/** The output of ONNX Runtime for a black picture, preprocessed as the card says. */
async function ownValues(cardPath: string, card: NetworkCard): Promise<number[]> {
  const { input, preprocess } = card;
  if (input.kind !== 'frames' || preprocess === undefined) return [];
  const { width, height, layout } = input;
  const black = preprocess.mean.map((mean, channel) => -mean / (preprocess.std[channel] ?? 1));
  const pixels = width * height;
  const values = Float32Array.from(
    { length: 3 * pixels },
    (_, at) => black[layout === 'NCHW' ? Math.floor(at / pixels) : at % 3] ?? 0,
  );
  const session = await InferenceSession.create(join(cardPath, '..', card.file ?? ''), { logSeverityLevel: 4 });
  const shape = layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3];
  const given = await session.run({ [session.inputNames[0] ?? '']: new Tensor('float32', values, shape) });
  return [...((given[card.output.name]?.data as Float32Array | undefined) ?? [])];
}

function difference(got: readonly number[], wanted: readonly number[]): number {
  if (got.length !== wanted.length || wanted.length === 0) return Number.POSITIVE_INFINITY;
  const greatest = Math.max(...wanted.map(Math.abs), 1e-6);
  return Math.max(...wanted.map((value, at) => Math.abs(value - (got[at] ?? Number.NaN)))) / greatest;
}

function mustNotCrash({ verdict }: ModelRun): string[] {
  return verdict === 'hung' || verdict.startsWith('crashed') ? [`the command ${verdict}`] : [];
}

function mustRun({ verdict, apart }: ModelRun): string[] {
  if (verdict !== 'runs') return [`${verdict}, not runs`];
  return apart !== undefined && apart < 0.01
    ? []
    : [`its values are ${apart?.toExponential(1)} from those of ONNX Runtime`];
}

function greyIsNotAudio({ verdict }: ModelRun): string[] {
  return verdict === 'card:audio' ? ['a grey picture is taken for sound'] : [];
}

function withinMemory({ verdict, peakBytes = 0 }: ModelRun): string[] {
  if (verdict.startsWith('refused')) return [];
  if (verdict !== 'runs') return [`${verdict}, neither run nor refused`];
  return peakBytes <= MEMORY_LIMIT ? [] : [`${(peakBytes / 2 ** 20).toFixed(0)} MiB under a limit of 512 MiB`];
}
