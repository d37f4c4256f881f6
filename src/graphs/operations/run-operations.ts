import { listeningAddress, servePages } from '../../io/http/page-server.ts';
import type { Video } from '../../io/media/video.ts';
import type { Flow } from '../../operators/flow.ts';
import type { RanBatch } from '../../operators/micro-batch-options.ts';
import type { Plan } from '../plan.ts';
import type { RunTally } from '../run-tally.ts';
import type { RunEvent } from '../runners/local.ts';
import { RunSpans } from './run-spans.ts';

/** How a run can be monitored. */
export interface OperationsOptions {
  /**
   * Serves the figures of the run to Prometheus (`/metrics`), and whether it is alive (`/healthz`),
   * on a port of the loopback address, 0 for any free one, or an address such as `'0.0.0.0:9464'`.
   * Default: none.
   */
  readonly metricsPort?: number | string | undefined;
}

/** What the figures of a run are read from. */
export interface RunFacts {
  readonly tally: RunTally;
  readonly plan: Plan;
  readonly flow: Flow;
  /** The flows of items that run alone. */
  readonly flowsAlone: readonly Flow[];
  /** Seconds since the first item started. */
  readonly seconds: () => number;
}

/**
 * Monitors a run from outside: the page for Prometheus, if requested, and the spans.
 *
 * @example
 * declare const facts: RunFacts;
 * const operations = await RunOperations.open({ metricsPort: 9464 }, console.log);
 * operations.watch(facts);
 * await operations.close();
 */
export class RunOperations {
  readonly #spans = new RunSpans();
  #facts: RunFacts | undefined;
  #close: () => Promise<void> = async () => {};

  /** @throws UsageError for an address that is invalid or cannot be listened on. */
  static async open({ metricsPort }: OperationsOptions, say: (sentence: string) => void): Promise<RunOperations> {
    const operations = new RunOperations();
    if (metricsPort === undefined) return operations;
    const { PROMETHEUS_TEXT, renderFigures } = await import('./run-gauges.ts');
    const served = await servePages(listeningAddress('metricsPort', metricsPort), {
      '/metrics': async () => ({ type: PROMETHEUS_TEXT, body: await renderFigures(operations.#facts) }),
      '/healthz': async () => ({ type: 'text/plain; charset=utf-8', body: 'ok\n' }),
    });
    operations.#close = () => served.close();
    say(`metrics are at ${served.origin}/metrics`);
    return operations;
  }

  /** Serves the figures of a run from now on. */
  watch(facts: RunFacts): void {
    this.#facts = facts;
  }

  /** Takes one event of the run. */
  take(event: RunEvent<Video>): void {
    this.#spans.take(event);
  }

  /** Takes a finished batch. */
  batch(batch: RanBatch): void {
    this.#spans.batch(batch);
  }

  /** Ends the page and the spans. */
  async close(): Promise<void> {
    this.#spans.close();
    await this.#close();
  }
}
