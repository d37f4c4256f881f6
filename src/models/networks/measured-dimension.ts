import { temporaryFolder } from '../../core/temporary-folder.ts';
import { measureRun } from '../onnx/measure-run.ts';
import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { assemble } from './assemble.ts';
import type { NetworkCard } from './card.ts';
import { prepareParts } from './prepare.ts';
import { sessionParts } from './session-parts.ts';

/**
 * How many values a network gives for each row, found by running it once, for outputs whose shape
 * neither the file states nor its operations tell.
 *
 * @param card - whose `output.dimension` is what is asked for; the one that stands in it does not
 * count.
 * @throws ModelError `card` when the graph does not have what the card says; SystemError `session`
 * when it cannot be run, `not-writable` or `disk-full` when the temporary directory cannot be used.
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
