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

/** What is tuned for, and how long that may take. */
export interface TuneOptions extends Omit<ExtractOptions, 'out'> {
  /** Inputs that are measured on, evenly spaced. Default 32. */
  readonly sample?: number | undefined;
  /** Seconds of one measurement at most. Default 20. */
  readonly seconds?: number | undefined;
  /** Measurements at most, after the first. Default 24. */
  readonly trials?: number | undefined;
}

/** What was found. */
export interface Tuning {
  /** The fastest setting: options of `extract`. */
  readonly setting: Tuned;
  /** Seconds of media per second, so and as the run was planned. */
  readonly rate: number;
  readonly plannedRate: number;
  /** Every measurement, in order; the first is of the planned setting. */
  readonly tried: readonly Measured[];
  /** Inputs that were measured on. */
  readonly sample: number;
}

const known: KnownOptions<TuneOptions> = (({ out: _, ...rest }) => ({
  ...{ ...rest, sample: true, seconds: true, trials: true },
}))(extractOptions);

/**
 * Finds the videos at a time, frames in a batch and inference workers with which an extraction is
 * fastest on this machine under its memory limit, by running it on a sample of its inputs, with one
 * setting after another. An option that is given stays as it is. Nothing is written. The values
 * that are extracted do not depend on what is found.
 *
 * Cancellation: `drain` and `signal` end it; undefined then, and where nothing was measured.
 *
 * @throws as `extract`; UsageError `no-inputs` where nothing of the sample can be decoded.
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
    throw new UsageError('the driver of a queue computes nothing that could be tuned', {
      option: 'tune',
      remedy: 'Tune on the machine of a worker, without `runner`, and give its options to `runWorker()`.',
    });
  }
  const say = listener('onMessage', options.onMessage);
  return withInputCopies(options, say, (copies) => search({ ...options, sample, seconds, trials, copies }, say));
}

async function search(
  options: TuneOptions & { readonly sample: number; readonly seconds: number; readonly trials: number },
  say: (message: string, about: MessageAbout) => void,
): Promise<Tuning | undefined> {
  // Nothing of other shards can be taken over where nothing is kept.
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
      // The plan ran, so that what fails now is the setting that is tried.
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
    throw new UsageError(`nothing of the ${sampled.length} inputs that were tried could be decoded in time`, {
      ...{ code: 'no-inputs', option: 'tune' },
      remedy: 'Leave tuning out: the run says what is the matter with each input.',
    });
  }
  const cores = availableCores();
  const { best, tried } = await climb(
    planned,
    {
      knobs: (['workers', 'concurrency', 'batch'] as const).filter((knob) => fixed[knob] === undefined),
      most: { workers: cores, concurrency: Math.min(8 * cores, sampled.length), batch: 1024 },
      trials,
    },
    async (each) => (await measured(each))?.rate,
  );
  const { concurrency, batch, workers } = best.setting;
  const [before, now] = [planned.rate, best.rate].map((rate) => rate.toFixed(2));
  say(
    best === planned
      ? `nothing was faster than the plan, ${before}x real time, in ${tried.length} measurements of ${sampled.length} inputs; to pin it, give \`concurrency: ${concurrency}, batch: ${batch}, workers: ${workers}\``
      : `${now}x real time in place of ${before}x, after ${tried.length} measurements of ${sampled.length} inputs; to pin it, give \`concurrency: ${concurrency}, batch: ${batch}, workers: ${workers}\``,
    { code: 'tuned' },
  );
  return { setting: best.setting, rate: best.rate, plannedRate: planned.rate, tried, sample: sampled.length };
}

/** Whether a setting asks more of the memory, or of the device, than they have. */
function isTooMuch(error: unknown): boolean {
  return error instanceof ModelError || (error instanceof UsageError && error.code === 'memory-too-small');
}

function evenly(corpus: readonly Video[], most: number): readonly Video[] {
  const step = Math.max(1, corpus.length / most);
  return Array.from({ length: Math.min(corpus.length, most) }, (_, at) => corpus[Math.floor(at * step)] as Video);
}

/** Where what is computed goes. */
function discarded(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
