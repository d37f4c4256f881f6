import { explainMermaid, explainText } from '../../src/graphs/explain.ts';
import { extractionGraph } from '../../src/graphs/extraction.ts';
import { listCorpus } from '../../src/graphs/inputs.ts';
import { uncalibratedId } from '../../src/graphs/interrupted-summary.ts';
import { MemoryGuard } from '../../src/graphs/memory-guard.ts';
import { chooseNetworks } from '../../src/graphs/networks.ts';
import { placeNetworks } from '../../src/graphs/placement.ts';
import { memoryLimit, networksOf, type Plan, planRun } from '../../src/graphs/plan.ts';
import { explainPrecision } from '../../src/graphs/precision/choose-precision.ts';
import { chooseDevice } from '../../src/models/onnx/device.ts';
import { extractionOptions, readExtractionOptions } from '../extraction-options.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow explain`: the plan of an extraction, before anything is decoded. */
export const command: Command = {
  name: 'explain',
  usage: 'INPUT... [the options of extract]',
  does: 'prints what extract would do, with shapes, memory and estimates; decodes nothing',
  options: {
    ...extractionOptions,
    out: { type: 'string', value: 'DIR', does: 'with --precision int8: the dataset whose calibration is used' },
    mermaid: { type: 'boolean', does: 'prints the graph as a Mermaid flowchart' },
    json: { type: 'boolean', does: 'prints the plan as JSON' },
  },
  examples: ['reelflow explain trailers/ --memory 1GiB --aggregate medmad'],
  run,
};

/** A graph whose ranges, and with them its id, follow from a calibration that is still to come. */
function uncalibrated(graph: Plan['graph']): Plan['graph'] {
  const params = JSON.parse(JSON.stringify(graph.params), (key, value) => (key === 'ranges' ? uncalibratedId : value));
  return { ...graph, params, id: uncalibratedId };
}

async function run(args: Arguments): Promise<number> {
  const options = readExtractionOptions(args);
  const chosen = chooseNetworks(options);
  for (const plan of [chosen.visual, chosen.audio]) await plan?.measure(new MemoryGuard(memoryLimit(options)));
  const precision = explainPrecision(chosen, { ...options, directory: args.text('out') });
  const { networks } = precision;
  const graph = extractionGraph({ ...options, ...networks });
  const beside: string[] = [];
  const corpus = await listCorpus({ ...options, onPassedOver: (text) => void beside.push(text) });
  const device = await chooseDevice(options.device ?? 'auto');
  const placement = await placeNetworks(networksOf(graph), device, options);
  const planned = await planRun(graph, corpus, { ...options, remains: networks.remains }, placement);
  const plan = precision.isCalibrated ? planned : { ...planned, graph: uncalibrated(planned.graph) };
  const notes = [...beside, precision.says, device.says, ...placement.says]
    .filter((note) => note !== undefined)
    .map(args.render);
  if (args.flag('json')) process.stdout.write(`${JSON.stringify({ ...plan, notes })}\n`);
  else process.stdout.write(args.flag('mermaid') ? explainMermaid(plan) : explainText(plan, notes));
  return 0;
}
