import { once } from 'node:events';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { serveMcp } from '../../src/graphs/serve/serve-mcp.ts';
import { defineCommand } from '../command.ts';
import { text } from '../option-table.ts';

/** `reelflow mcp`: offers features and a recommender to an assistant as tools. */
export const command = defineCommand({
  name: 'mcp',
  operands: ['[DIR|FILE]'],
  does: 'speaks the Model Context Protocol on stdin and stdout: search, similar, recommend, explain and facts as tools for an assistant',
  options: { recommender: text('DIR', 'a trained recommender') },
  examples: ['reelflow mcp reduced/ --recommender recommenders/dcf-av-1'],
  async run({ recommender: directory }, { operands: [features] }) {
    const recommender = directory === undefined ? undefined : await loadRecommender(directory);
    try {
      const answering = await serveMcp({ features, recommender });
      await once(process.stdin, 'close');
      await answering.close();
    } finally {
      await recommender?.close();
    }
    return 0;
  },
});
