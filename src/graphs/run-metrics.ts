import type { Flow } from '../operators/flow.ts';
import type { FlowMetrics, OperatorMetrics } from '../operators/operator-meter.ts';
import type { DataflowNode } from './graph.ts';

/**
 * The metrics of a run's flow, including the items that ran alone in separate flows: elements are
 * added up, and time that an operator spent working there does not count as time waiting here.
 */
export function metricsOfAll(flow: Flow, alone: readonly Flow[]): FlowMetrics {
  const metrics = flow.metrics();
  const operators = new Map(metrics.operators.map((operator) => [operator.name, operator]));
  let { peakHeld } = metrics;
  for (const other of alone.map((each) => each.metrics())) {
    peakHeld = Math.max(peakHeld, other.peakHeld);
    for (const operator of other.operators) {
      const here = operators.get(operator.name);
      operators.set(operator.name, here === undefined ? operator : together(here, operator));
    }
  }
  return { ...metrics, peakHeld, operators: [...operators.values()] };
}

function together(here: OperatorMetrics, other: OperatorMetrics): OperatorMetrics {
  const busy = Math.min(other.busySeconds, here.starvedSeconds);
  return {
    ...here,
    in: here.in + other.in,
    out: here.out + other.out,
    busySeconds: here.busySeconds + busy,
    starvedSeconds: here.starvedSeconds - busy,
    peakBytes: Math.max(here.peakBytes, other.peakBytes),
    batches: here.batches === undefined ? undefined : here.batches + (other.batches ?? 0),
    duplicates: here.duplicates === undefined ? undefined : here.duplicates + (other.duplicates ?? 0),
  };
}

/** Operators in the order of the graph's nodes. */
export function inOrder(operators: readonly OperatorMetrics[], nodes: readonly DataflowNode[]): OperatorMetrics[] {
  const place = (name: string) => nodes.findIndex(({ id }) => id === name);
  return [...operators].sort((left, right) => place(left.name) - place(right.name));
}
