import { Counter, Gauge, Registry } from 'prom-client';
import { copiedBytes } from '../../io/far/input-copies.ts';
import { networkUse } from '../../io/http/network-use.ts';
import { metricsOfAll } from '../run-metrics.ts';
import { framesDecoded } from '../run-progress.ts';
import type { RunFacts } from './run-operations.ts';

/**
 * A figure of a run: its name without `reelflow_`, its meaning, and its values by labels. The name
 * of a figure that only grows ends in `_total`.
 */
interface Figure {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[] | undefined;
  readonly values: readonly (readonly [value: number, labels?: Readonly<Record<string, string>>])[];
}

/** The content type of the text that `renderFigures` returns. */
export const PROMETHEUS_TEXT = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * The figures of a run in the text format of Prometheus, as they now are; for a run that has not
 * started, only that the process is up.
 *
 * @example
 * declare const facts: RunFacts;
 * const text = await renderFigures(facts);
 */
export async function renderFigures(facts: RunFacts | undefined): Promise<string> {
  const registry = new Registry();
  for (const { name, help, labels = [], values } of facts === undefined ? [] : figuresOf(facts)) {
    const described = { name: `reelflow_${name}`, help, labelNames: labels, registers: [registry] };
    // Created for each reading, because a counter takes its whole total at once.
    const figure = name.endsWith('_total') ? new Counter(described) : new Gauge(described);
    for (const [value, of = {}] of values) figure.inc(of, value);
  }
  const up = new Gauge({ name: 'reelflow_running', help: '1 once items are computed', registers: [registry] });
  up.set(facts === undefined ? 0 : 1);
  return registry.metrics();
}

function figuresOf({ tally, plan, flow, flowsAlone, seconds }: RunFacts): Figure[] {
  const network = networkUse();
  const metrics = metricsOfAll(flow, flowsAlone);
  const states = {
    committed: tally.committed - tally.partial - tally.cached - tally.renamed,
    partial: tally.partial,
    cached: tally.cached,
    renamed: tally.renamed,
    already_done: tally.alreadyDone,
    skipped: tally.skipped.length,
    dead: tally.dead.length,
    running: tally.running,
    waiting: tally.waiting,
  };
  const codes = new Map<string, number>();
  for (const { code } of tally.dead) codes.set(code, (codes.get(code) ?? 0) + 1);
  const operators = (name: string, help: string, of: (each: (typeof metrics.operators)[number]) => number): Figure => ({
    name: `operator_${name}`,
    help,
    labels: ['operator'],
    values: metrics.operators.map((each) => [of(each), { operator: each.name }]),
  });
  return [
    {
      name: 'videos',
      help: 'Videos of this run by outcome',
      labels: ['state'],
      values: Object.entries(states).map(([state, count]) => [count, { state }]),
    },
    { name: 'queue_depth', help: 'Videos not yet started', values: [[tally.waiting]] },
    {
      name: 'dead_letters',
      help: 'Videos that failed, by code',
      labels: ['code'],
      values: [...codes].map(([code, count]) => [count, { code }]),
    },
    { name: 'frames_total', help: 'Frames decoded', values: [[framesDecoded(metrics.operators, plan)]] },
    { name: 'media_seconds_total', help: 'Seconds of media processed', values: [[tally.mediaSeconds]] },
    { name: 'run_seconds_total', help: 'Seconds since the first item started', values: [[seconds()]] },
    { name: 'held_bytes', help: 'Bytes that operators hold', values: [[metrics.held]] },
    { name: 'reserved_bytes', help: 'Bytes promised to reads', values: [[metrics.reserved]] },
    { name: 'budget_bytes', help: 'Bytes that operators may hold', values: [[metrics.budget]] },
    { name: 'memory_limit_bytes', help: 'The limit of the process and its decoders', values: [[plan.memory.limit]] },
    { name: 'network_requests_total', help: 'Requests for inputs and to object stores', values: [[network.requests]] },
    { name: 'network_retries_total', help: 'Requests that were retried', values: [[network.retries]] },
    { name: 'network_received_bytes_total', help: 'Bytes of inputs and objects', values: [[network.received]] },
    { name: 'network_sent_bytes_total', help: 'Bytes written to object stores', values: [[network.sent]] },
    { name: 'scratch_bytes', help: 'Disk bytes used by copies of remote inputs', values: [[copiedBytes()]] },
    operators('busy_seconds_total', 'Seconds in which an operator worked', (each) => each.busySeconds),
    operators('starved_seconds_total', 'Seconds in which an operator had nothing to do', (each) => each.starvedSeconds),
    operators('blocked_seconds_total', 'Seconds in which an operator was held up', (each) => each.blockedSeconds),
    operators('elements_in_total', 'Elements that an operator took', (each) => each.in),
    operators('elements_out_total', 'Elements that an operator emitted', (each) => each.out),
  ];
}
