import { temporaryFolder } from '../../core/temporary-folder.ts';
import { measureRun } from '../onnx/measure-run.ts';
import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { assemble } from './assemble.ts';
import type { NetworkCard } from './card.ts';
import { prepareParts } from './prepare.ts';
import { sessionParts } from './session-parts.ts';

/**
 * The number of values that a network returns per row, found by running it once, for outputs whose
 * shape is neither stated in the file nor inferable from its operations.
 *
 * @param card - its `output.dimension` is ignored, because that is what is being measured.
 * @throws ModelError `card` if the graph does not match the card; SystemError `session` if it
 * cannot be run, `not-writable` or `disk-full` if the temporary directory cannot be used.
 */
export async function measuredDimension(card: NetworkCard, graph: OnnxGraph, origin: string): Promise<number> {
  const { parts, fixedRows } = assemble(card, graph, origin);
  const folder = await temporaryFolder('reelflow-measure~');
  try {
    const models = prepareParts(parts, ['measured'], folder.path);
    const { shape } = await measureRun(
      origin,
      sessionParts(card, parts, models, { rows: () => fixedRows ?? 1, fixedRows }),
    );
    return shape.reduce((product, size) => product * size, 1);
  } finally {
    await folder.remove();
  }
}
