import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { softwareVersion } from '../../io/dataset/software.ts';
import type { Video } from '../../io/media/video.ts';
import type { RanBatch } from '../../operators/micro-batch-options.ts';
import type { RunEvent } from '../runners/local.ts';
import { itemTraceId } from './item-trace-id.ts';

/**
 * Passes a run's OpenTelemetry spans to whatever SDK the process has registered: one for each video
 * that is decoded, and within it one for each batch that contained an element of it. A batch that
 * several videos share is a child of each.
 *
 * @example
 * const spans = new RunSpans();
 * spans.take({ type: 'started', item: video('heat.mp4'), seconds: 0 });
 */
export class RunSpans {
  readonly #tracer = trace.getTracer('reelflow', softwareVersion());
  readonly #running = new Map<string, Span>();

  /** Takes one event of the run. */
  take(event: RunEvent<Video>): void {
    if (event.type === 'reached' || event.type === 'already-done') return;
    const { id } = event.item;
    if (event.type === 'started') {
      // An item that is planned again starts a second time.
      this.#running.get(id)?.end();
      const attributes = { 'reelflow.item': id, 'reelflow.video': itemTraceId(id), 'reelflow.seconds': event.seconds };
      const span = this.#tracer.startSpan('video', { attributes });
      if (span.isRecording()) this.#running.set(id, span);
      return;
    }
    const span = this.#running.get(id);
    if (span === undefined) return;
    this.#running.delete(id);
    span.setAttribute('reelflow.outcome', event.type);
    if (event.type === 'committed') {
      const { frames, patches, partial } = event.unit;
      span.setAttributes({ 'reelflow.frames': frames, 'reelflow.patches': patches, 'reelflow.partial': partial });
    }
    if (event.type === 'dead') {
      span.setAttribute('reelflow.code', event.letter.code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: event.letter.message });
    }
    span.end();
  }

  /** Takes a finished batch. */
  batch({ operator, size, scopes, started, ended, failed }: RanBatch): void {
    if (this.#running.size === 0) return;
    for (const [scope, count] of scopes) {
      const parent = this.#running.get(scope);
      if (parent === undefined) continue;
      const attributes = {
        'reelflow.operator': operator,
        'reelflow.batch.size': size,
        'reelflow.batch.of_video': count,
      };
      const context = trace.setSpan(ROOT_CONTEXT, parent);
      const span = this.#tracer.startSpan(`batch ${operator}`, { attributes, startTime: at(started) }, context);
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(at(ended));
    }
  }

  /** Ends the spans that are still open, because the run has been stopped. */
  close(): void {
    for (const span of this.#running.values()) span.end();
    this.#running.clear();
  }
}

/** A time of `performance.now()` as wall-clock time in milliseconds. */
function at(moment: number): number {
  return performance.timeOrigin + moment;
}
