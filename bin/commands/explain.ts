import { explainMermaid, explainText } from '../../src/graphs/explain.ts';
import { plannedExtraction } from '../../src/graphs/planned-extraction.ts';
import { defineCommand } from '../command.ts';
import { extractionOptions } from '../extraction-options.ts';
import { flag } from '../option-table.ts';
import { plannedDataset } from '../output-options.ts';
import { extractionToldTo, warnOfRoom } from '../told-to.ts';

/** `reelflow explain`: the plan of an extraction, before anything is decoded. */
export const command = defineCommand({
  name: 'explain',
  operands: ['INPUT...'],
  usage: 'INPUT... [the options of extract that decide what is computed and how]',
  does: 'prints what extract would do, with shapes, memory and estimates; decodes nothing',
  options: {
    ...extractionOptions,
    out: plannedDataset('the dataset that extract would write: reports what it already has, and checks its disk'),
    noTime: flag('does not estimate the time by running the networks on noise'),
    mermaid: flag('prints the graph as a Mermaid flowchart'),
  },
  examples: ['reelflow explain trailers/ --memory 1GiB --statistic medmad'],
  async run({ mermaid = false, noTime = false, ...options }, { operands, console }) {
    const { onStage } = extractionToldTo(console);
    const estimatesTime = !noTime && !mermaid;
    const planned = await plannedExtraction({ ...options, inputs: operands, estimatesTime, onStage });
    warnOfRoom(console, planned);
    console.result(planned, (shown) => (mermaid ? explainMermaid(planned) : explainText(planned, shown)));
    return 0;
  },
});
