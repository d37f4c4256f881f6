import { existsSync } from 'node:fs';
import { checkKnownOptions } from '../core/known-options.ts';
import { CommitStore } from '../io/dataset/commit-store.ts';
import { Fingerprints } from '../io/dataset/content-fingerprint.ts';
import { checkDirectory, datasetFilePath } from '../io/dataset/dataset-file.ts';
import { partPath } from '../io/dataset/layout.ts';
import type { InputCopies } from '../io/far/input-copies.ts';
import type { Video } from '../io/media/video.ts';
import { chooseDevice } from '../models/onnx/device.ts';
import { chooseNetworks } from './choose-networks.ts';
import { describeDataset } from './dataset-description.ts';
import { type DiskEstimate, diskEstimate } from './disk-estimate.ts';
import type { FarInputs } from './explain.ts';
import { type ExtractOptions, extractOptions } from './extract.ts';
import { extractionGraph } from './extraction.ts';
import { unitKey } from './graph.ts';
import { listCorpus } from './inputs.ts';
import { uncalibratedId } from './interrupted-summary.ts';
import { listener } from './listener.ts';
import { MemoryGuard } from './memory-guard.ts';
import { placeNetworks } from './placement.ts';
import { memoryLimit, networksOf, type Plan, planRun } from './plan.ts';
import { explainPrecision } from './precision/choose-precision.ts';
import { checkShard } from './runners/shard.ts';
import { type TimeEstimate, timeEstimate } from './time-estimate.ts';
import { withInputCopies } from './with-input-copies.ts';

/** The extraction to plan, and whether to estimate its time. */
export interface PlannedExtractionOptions extends Omit<ExtractOptions, 'out'> {
  /**
   * The dataset's directory: its disk is checked, and the items that it already has are counted.
   */
  readonly out?: string | undefined;
  /** Runs the networks on noise for a moment to estimate the time. Default false. */
  readonly estimatesTime?: boolean | undefined;
}

/** What `extract` would do. */
export interface PlannedExtraction extends Plan {
  /** Remarks on inputs, precision and devices. */
  readonly notes: readonly string[];
  readonly disk: DiskEstimate;
  readonly time?: TimeEstimate | undefined;
  /** The remote inputs: how many there are, and how much of the disk their copies may take. */
  readonly scratch?: FarInputs | undefined;
  /**
   * For an existing dataset: how many inputs it has a unit of, judging by the hashes that it
   * remembers.
   */
  readonly alreadyDone: number;
}

/**
 * Plans an extraction with the same options as `extract`, and makes every check that `extract`
 * makes before it decodes anything: shapes, memory, the size of the corpus, disk space. Writes
 * nothing.
 *
 * @throws as `extract`.
 * @example
 * const { estimate, disk } = await plannedExtraction({ inputs: ['trailers/'], out: 'features/' });
 */
export async function plannedExtraction(options: PlannedExtractionOptions): Promise<PlannedExtraction> {
  const { out, estimatesTime = false, ...run } = options;
  checkKnownOptions('plannedExtraction', run, extractOptions);
  const say = listener('onMessage', run.onMessage);
  return withInputCopies(run, say, (copies) => planned({ ...run, copies }, { out, estimatesTime }));
}

async function planned(
  run: Omit<PlannedExtractionOptions, 'out' | 'estimatesTime'> & { readonly copies: InputCopies },
  { out, estimatesTime }: { readonly out: string | undefined; readonly estimatesTime: boolean },
): Promise<PlannedExtraction> {
  const tellStage = listener('onStage', run.onStage);
  tellStage('opening networks');
  checkShard(run, out !== undefined);
  const chosen = chooseNetworks(run);
  for (const plan of [chosen.visual, chosen.audio]) await plan?.measure(new MemoryGuard(memoryLimit(run)));
  const precision = explainPrecision(chosen, { ...run, directory: out });
  const { networks } = precision;
  const graph = extractionGraph({ ...run, ...networks });
  tellStage('listing inputs');
  const beside: string[] = [];
  const corpus = await listCorpus({ ...run, onPassedOver: (said) => void beside.push(said) });
  const device = await chooseDevice(run.device ?? 'auto');
  const placement = await placeNetworks(networksOf(graph), device, run);
  tellStage('planning');
  const plan = await planRun(graph, corpus, { ...run, remains: networks.remains }, placement);
  let alreadyDone = 0;
  if (out !== undefined && precision.isIdentified) {
    checkDirectory(out, describeDataset(plan, graph));
    alreadyDone = await countDone(out, plan.graph.id, corpus);
  }
  const shown = precision.isIdentified ? plan : { ...plan, graph: uncalibrated(plan.graph) };
  const notes = [...beside, precision.says, device.says, ...placement.says].filter((note) => note !== undefined);
  if (estimatesTime) tellStage('timing the networks');
  const time = estimatesTime ? await timeEstimate(shown, networksOf(graph)) : undefined;
  const far = corpus.filter(({ isFar }) => isFar).length;
  const scratch = far === 0 ? undefined : { items: far, ...run.copies.room };
  return { ...shown, notes, disk: diskEstimate(shown, out ?? '.'), alreadyDone, time, scratch };
}

/** A graph whose calibration, which determines its ranges and so its id, has not run yet. */
function uncalibrated(graph: Plan['graph']): Plan['graph'] {
  const params = JSON.parse(JSON.stringify(graph.params), (key, value) => (key === 'ranges' ? uncalibratedId : value));
  return { ...graph, params, id: uncalibratedId };
}

async function countDone(directory: string, graph: string, corpus: readonly Video[]): Promise<number> {
  if (!existsSync(datasetFilePath(directory))) return 0;
  const store = await CommitStore.open(directory, { readOnly: true });
  const fingerprints = await Fingerprints.open(partPath(directory, 'fingerprints'));
  let done = 0;
  for (const { id, content } of corpus) {
    const hash = fingerprints.known(content);
    if (hash !== undefined && (await store.has(unitKey(graph, id, hash)))) done += 1;
  }
  return done;
}
