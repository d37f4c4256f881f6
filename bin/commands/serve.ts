import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { serve } from '../../src/graphs/serve/serve.ts';
import { defineCommand } from '../command.ts';
import { catchInterrupts } from '../interrupts.ts';
import { flag, integer, text } from '../option-table.ts';

/** `reelflow serve`: serves features and a recommender over HTTP. */
export const command = defineCommand({
  name: 'serve',
  operands: ['[DIR|FILE]'],
  does: 'answers search, recommend, explain and similar over HTTP, only to this machine by default',
  options: {
    recommender: text('DIR', 'a trained recommender'),
    host: text('HOST', 'address to listen on; anything but the loopback address needs a token', '127.0.0.1'),
    port: integer('PORT', 'port to listen on; 0: any free one', '8642', 0),
    token: text('TOKEN', 'the token that requests must carry', 'none on the loopback address, else a random one'),
    mcp: flag('also speaks the Model Context Protocol at /mcp, for assistants'),
    concurrency: integer('N', 'requests answered at the same time', '8'),
  },
  examples: ['reelflow serve reduced/ --recommender recommenders/dcf-av-1', 'reelflow serve features/ --port 0'],
  async run({ recommender: directory, port = 8642, ...options }, { operands: [features], console }) {
    const recommender = directory === undefined ? undefined : await loadRecommender(directory);
    const interrupts = catchInterrupts(console, 'finishing the requests in progress');
    try {
      const server = await serve({ ...options, features, recommender, port });
      const { url } = server;
      // A token that the user gave is known already; a random one is shown once, and never logged.
      const token = options.token === undefined ? server.token : undefined;
      console.result(
        { url },
        () =>
          [
            `${url} answers; Ctrl-C ends it`,
            ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
            '',
          ].join('\n'),
        { secret: { token } },
      );
      await new Promise<void>((resolve) => {
        if (interrupts.drain.aborted) resolve();
        else interrupts.drain.addEventListener('abort', () => resolve(), { once: true });
      });
      await server.close();
    } finally {
      interrupts.release();
      await recommender?.close();
    }
    return 0;
  },
});
