import { chooseNetworks } from '../../src/graphs/choose-networks.ts';
import { diskEstimate } from '../../src/graphs/disk-estimate.ts';
import { diskText, explainMermaid, explainText } from '../../src/graphs/explain.ts';
import { extractionGraph } from '../../src/graphs/extraction.ts';
import { listCorpus } from '../../src/graphs/inputs.ts';
import { uncalibratedId } from '../../src/graphs/interrupted-summary.ts';
import { MemoryGuard } from '../../src/graphs/memory-guard.ts';
import { placeNetworks } from '../../src/graphs/placement.ts';
import { memoryLimit, networksOf, type Plan, planRun } from '../../src/graphs/plan.ts';
import { explainPrecision } from '../../src/graphs/precision/choose-precision.ts';
import { timeEstimate } from '../../src/graphs/time-estimate.ts';
import { chooseDevice } from '../../src/models/onnx/device.ts';
import { defineCommand } from '../command.ts';
import { extractionOptions } from '../extraction-options.ts';
import { flag, text } from '../option-table.ts';

/** A graph whose ranges, and with them its id, follow from a calibration that is still to come. */
function uncalibrated(graph: Plan['graph']): Plan['graph'] {
  const params = JSON.parse(JSON.stringify(graph.params), (key, value) => (key === 'ranges' ? uncalibratedId : value));
  return { ...graph, params, id: uncalibratedId };
}

/** `reelflow explain`: the plan of an extraction, before anything is decoded. */
export const command = defineCommand({
  name: 'explain',
  operands: ['INPUT...'],
  usage: 'INPUT... [the options of extract]',
  does: 'prints what extract would do, with shapes, memory and estimates; decodes nothing',
  options: {
    ...extractionOptions,
    out: text('DIR', 'the dataset that extract would write: its calibration is used, and its disk is checked'),
    noTime: flag('does not run the networks on noise to estimate the time'),
    mermaid: flag('prints the graph as a Mermaid flowchart'),
  },
  examples: ['reelflow explain trailers/ --memory 1GiB --statistic medmad'],
  async run({ out, mermaid = false, noTime, ...given }, { operands, console }) {
    const options = { ...given, inputs: operands };
    console.stage('opening networks');
    const chosen = chooseNetworks(options);
    for (const plan of [chosen.visual, chosen.audio]) await plan?.measure(new MemoryGuard(memoryLimit(options)));
    const precision = explainPrecision(chosen, { ...options, directory: out });
    const { networks } = precision;
    const graph = extractionGraph({ ...options, ...networks });
    console.stage('listing inputs');
    const beside: string[] = [];
    const corpus = await listCorpus({ ...options, onPassedOver: (said) => void beside.push(said) });
    const device = await chooseDevice(options.device ?? 'auto');
    const placement = await placeNetworks(networksOf(graph), device, options);
    console.stage('planning');
    const planned = await planRun(graph, corpus, { ...options, remains: networks.remains }, placement);
    const plan = precision.isIdentified ? planned : { ...planned, graph: uncalibrated(planned.graph) };
    const notes = [...beside, precision.says, device.says, ...placement.says].filter((note) => note !== undefined);
    const disk = diskEstimate(plan, out ?? '.');
    if (!disk.isEnough) console.warn(diskText(disk), { code: 'disk-full', path: disk.directory });
    if (noTime !== true && !mermaid) console.stage('timing the networks');
    const time = noTime === true || mermaid ? undefined : await timeEstimate(plan, networksOf(graph));
    console.result({ ...plan, notes, disk, time }, (shown) =>
      mermaid ? explainMermaid(plan) : explainText(plan, { notes: shown.notes, disk, time }),
    );
    return 0;
  },
});
