import type { DatasetDescription } from '../io/dataset/dataset-file.ts';
import type { VideoGraph } from './dataflow/dataflow.ts';
import type { Plan, PlannedNetwork } from './plan.ts';
import type { Calibration } from './precision/calibration-file.ts';

/** What `_dataset.json` records about the graph and the networks that made it. */
export function describeDataset(plan: Plan, graph: VideoGraph, calibration?: Calibration) {
  const { tables } = graph.trace;
  const models = graph.trace.networks.map(({ network: entry }, index) => {
    const { stream, placement } = plan.networks[index] as PlannedNetwork;
    const { name, cardHash, weightsHash, random, weightsFiles: files, card, precision, convolutions } = entry;
    const execution = { precision, convolutions, device: placement.device };
    const calibrated = precision === 'float32' ? undefined : calibration;
    const measured = calibrated && { calibration: measuredOf(calibrated) };
    return { stream, name, cardHash, weightsHash, random, files, ...execution, ...measured, card };
  });
  return {
    graphId: plan.graph.id,
    name: plan.graph.name,
    version: plan.graph.version,
    params: plan.graph.params,
    models,
    spec: graph.spec,
    rows: tables.length > 0 ? Object.fromEntries(tables.map(({ name, schema }) => [name, schema])) : undefined,
  };
}

/** What a calibration measured. */
export function measuredOf({ frames, cosine }: Calibration): Pick<Calibration, 'frames' | 'cosine'> {
  return { frames, cosine };
}

/**
 * A stream names its networks and their hashes, but holds neither their whole cards nor the names
 * of their files: its bytes depend only on the graph's id.
 */
export function withoutCards(description: ReturnType<typeof describeDataset>): DatasetDescription {
  return { ...description, models: description.models.map(({ card: _, files: __, ...rest }) => rest) };
}
