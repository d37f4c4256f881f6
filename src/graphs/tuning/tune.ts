import { Writable } from 'node:stream';
import { checkInteger, checkPositive } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { LONGEST_TIMER } from '../../core/longest-timer.ts';
import { availableCores } from '../../io/media/container-limits.ts';
import { MemorySampler } from '../../io/media/process-memory.ts';
import type { Video } from '../../io/media/video.ts';
import { type ExtractOptions, extractOptions, prepareExtraction } from '../extract.ts';
import { listener } from '../listener.ts';
import { runGraph } from '../run-graph.ts';
import type { RunProgress } from '../run-progress.ts';
import type { MessageAbout } from '../run-reports.ts';
import { withInputCopies } from '../with-input-copies.ts';
import { climb, type Measured, type Tuned } from './climb.ts';

/** The extraction to tune, and how long the tuning may take. */
export interface TuneOptions extends Omit<ExtractOptions, 'out'> {
  /** How many of the inputs are used, evenly spaced. Default 32. */
  readonly sample?: number | undefined;
  /** Maximum seconds of one measurement. Default 20. */
  readonly seconds?: number | undefined;
  /** Maximum number of measurements after the first. Default 24. */
  readonly trials?: number | undefined;
}

/** The result of tuning. */
export interface Tuning {
  /** The fastest setting: as options of `extract`. */
  readonly setting: Tuned;
  /** Seconds of media per second with that setting. */
  readonly rate: number;
  /** The same with the setting that the plan chose. */
  readonly plannedRate: number;
  /** Every measurement, in order; the first one is of the planned setting. */
  readonly tried: readonly Measured[];
  /** How many inputs were used. */
  readonly sample: number;
}

const known: KnownOptions<TuneOptions> = (({ out: _, ...rest }) => ({
  ...{ ...rest, sample: true, seconds: true, trials: true },
}))(extractOptions);

/**
 * Finds how many videos at a time, frames per batch and inference workers make an extraction
 * fastest on this machine under its memory limit, by running it on a sample of its inputs with one
 * setting after another. Options that are given stay as they are. Nothing is written. The extracted
 * values do not depend on the result.
 *
 * Cancellation: `drain` and `signal` end it at once, and it returns undefined. It also returns
 * undefined if there are no inputs left to measure.
 *
 * @throws what `extract` throws; UsageError `no-inputs` if nothing in the sample can be decoded.
 *
 * @example
 * const tuning = await tune({ inputs: ['trailers/'], memory: '2GiB' });
 * await extract({ inputs: ['trailers/'], out: 'features/', memory: '2GiB', ...tuning?.setting });
 */
export async function tune(options: TuneOptions): Promise<Tuning | undefined> {
  checkKnownOptions('tune', options, known);
  const { sample = 32, seconds = 20, trials = 24 } = options;
  checkInteger('sample', sample);
  checkInteger('trials', trials);
  checkPositive('seconds', seconds);
  if (options.runner === 'bullmq') {
    throw new UsageError('the driver of a queue computes nothing, so there is nothing to tune', {
      option: 'tune',
      remedy: "Tune on a worker's machine, without `runner`, and pass the result to `runWorker()`.",
    });
  }
  const say = listener('onMessage', options.onMessage);
  return withInputCopies(options, say, (copies) => search({ ...options, sample, seconds, trials, copies }, say));
}

async function search(
  options: TuneOptions & { readonly sample: number; readonly seconds: number; readonly trials: number },
  say: (message: string, about: MessageAbout) => void,
): Promise<Tuning | undefined> {
  // No other shard's work can be taken over, since nothing is stored.
  const { sample: most, seconds, trials, steal: _, ...run } = options;
  const out = discarded();
  const prepared = await prepareExtraction({ ...run, out });
  if (prepared.graph === undefined) return undefined;
  const { corpus, graph, setting } = prepared;
  listener('onStage', options.onStage)('tuning');
  const sampled = evenly(corpus, most);
  const fixed = given({ concurrency: run.concurrency, batch: run.batch, workers: run.workers });
  const stops = [options.drain, options.signal].filter((stop) => stop !== undefined);
  const milliseconds = Math.min(Math.ceil(1000 * seconds), LONGEST_TIMER);
  const measured = async (tuned: Partial<Tuned>): Promise<Measured | undefined> => {
    let last: RunProgress | undefined;
    const limit = AbortSignal.any([...stops, AbortSignal.timeout(milliseconds)]);
    const sampler = new MemorySampler();
    sampler.start();
    try {
      const { memory, device, threads } = run;
      const { execution, phases } = await runGraph(
        graph,
        sampled,
        { ...{ memory, device, threads, ...fixed, ...tuned, signal: limit }, onProgress: keep },
        { ...setting, sampler, out: discarded() },
      );
      const { concurrency, batch, workers } = execution;
      const rate = (last?.mediaSeconds ?? 0) / Math.max(phases.run, 1e-3);
      return stops.some(({ aborted }) => aborted) ? undefined : { setting: { concurrency, batch, workers }, rate };
    } catch (error) {
      // The planned setting ran, so the failure is due to the one being tried.
      if (Object.keys(tuned).length > 0 && isTooMuch(error)) return undefined;
      throw error;
    } finally {
      sampler.stop();
    }
    function keep(progress: RunProgress): void {
      last = progress;
    }
  };
  const planned = await measured({});
  if (planned === undefined) return undefined;
  if (planned.rate === 0) {
    throw new UsageError(`none of the ${sampled.length} inputs that were tried could be decoded in time`, {
      ...{ code: 'no-inputs', option: 'tune' },
      remedy: 'Run without tuning: the run reports what is wrong with each input.',
    });
  }
  const cores = availableCores();
  const { best, tried } = await climb(
    planned,
    {
      knobs: (['workers', 'concurrency', 'batch'] as const).filter((knob) => fixed[knob] === undefined),
      most: { workers: cores, concurrency: Math.min(8 * cores, sampled.length), batch: 1024 },
      ...{ trials, stops },
    },
    async (each) => (await measured(each))?.rate,
  );
  if (stops.some(({ aborted }) => aborted)) return undefined;
  const { concurrency, batch, workers } = best.setting;
  const [before, now] = [planned.rate, best.rate].map((rate) => rate.toFixed(2));
  const found =
    best === planned
      ? `no setting was faster than the planned one, ${before}x real time`
      : `${now}x real time instead of ${before}x`;
  say(
    `${found}, in ${tried.length} measurements of ${sampled.length} inputs; to pin it, give \`concurrency: ${concurrency}, batch: ${batch}, workers: ${workers}\``,
    { code: 'tuned' },
  );
  return { setting: best.setting, rate: best.rate, plannedRate: planned.rate, tried, sample: sampled.length };
}

/** Whether a setting needs more memory, or more of the device, than there is. */
function isTooMuch(error: unknown): boolean {
  return error instanceof ModelError || (error instanceof UsageError && error.code === 'memory-too-small');
}

function evenly(corpus: readonly Video[], most: number): readonly Video[] {
  const step = Math.max(1, corpus.length / most);
  return Array.from({ length: Math.min(corpus.length, most) }, (_, at) => corpus[Math.floor(at * step)] as Video);
}

/** An output that discards what is computed. */
function discarded(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
