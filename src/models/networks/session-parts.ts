import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import type { SessionPart } from '../onnx/session.ts';
import type { NetworkCard } from './card.ts';
import { minRows } from './min-rows.ts';

/** How the rows of a batch are run. */
export interface PartSettings {
  /** Maximum rows per run of a part. */
  readonly rows: (index: number) => number;
  /** Rows of every run, if fixed. */
  readonly fixedRows: number | undefined;
  /** Whether the network computes with 8-bit integers. Default false. */
  readonly isQuantised?: boolean | undefined;
}

/**
 * What sessions are created from: the parts of a network, and how each is run.
 *
 * @param models - paths of the parts' ONNX files.
 */
export function sessionParts(
  card: NetworkCard,
  parts: readonly OnnxGraph[],
  models: readonly string[],
  { rows, fixedRows, isQuantised = false }: PartSettings,
): readonly SessionPart[] {
  const isBytes = card.input.kind === 'frames';
  return parts.map((part, index) => ({
    model: models[index] as string,
    input: part.inputs[0]?.name ?? '',
    output: part.outputs[0]?.name ?? '',
    inputType: isBytes && index === 0 ? 'uint8' : 'float32',
    rowShape: index === 0 ? (part.inputs[0]?.shape?.slice(1) ?? []).map(Number) : [],
    rows: rows(index),
    minRows: fixedRows ?? minRows(part),
    prepack: isQuantised,
    arena: !isQuantised || part.nodes.some(({ operator }) => operator === 'Conv'),
  }));
}
