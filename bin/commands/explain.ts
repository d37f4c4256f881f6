import { explainMermaid, explainText } from '../../src/graphs/explain.ts';
import { extractionGraph } from '../../src/graphs/extraction.ts';
import { listCorpus } from '../../src/graphs/inputs.ts';
import { chooseNetworks } from '../../src/graphs/networks.ts';
import { planExtraction } from '../../src/graphs/plan.ts';
import { extractionOptions, readExtractionOptions } from '../extraction-options.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow explain`: the plan of an extraction, before anything is decoded. */
export const command: Command = {
  name: 'explain',
  usage: 'INPUT... [the options of extract]',
  does: 'prints what extract would do, with shapes, memory and estimates; decodes nothing',
  options: {
    ...extractionOptions,
    mermaid: { type: 'boolean', does: 'prints the graph as a Mermaid flowchart' },
    json: { type: 'boolean', does: 'prints the plan as JSON' },
  },
  examples: ['reelflow explain trailers/ --memory 1GiB --aggregate medmad'],
  run,
};

async function run(args: Arguments): Promise<number> {
  const options = readExtractionOptions(args);
  const networks = chooseNetworks(options);
  const graph = extractionGraph({ ...options, ...networks });
  const plan = await planExtraction(graph, networks, await listCorpus(options), options);
  if (args.flag('json')) process.stdout.write(`${JSON.stringify(plan)}\n`);
  else process.stdout.write(args.flag('mermaid') ? explainMermaid(plan) : explainText(plan));
  return 0;
}
