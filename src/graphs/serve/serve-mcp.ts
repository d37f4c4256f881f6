import { closeAll } from '../../core/close-all.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { mcpOverStdio } from './mcp.ts';
import { openServed, type Served } from './open-served.ts';

const known: KnownOptions<Served> = { features: true, recommender: true };

/**
 * Answers the Model Context Protocol on stdin and stdout, until stdin ends: the same tools as
 * `serve` with `mcp`. Nothing else may write to stdout in the meantime.
 *
 * @throws UsageError when there is nothing to serve; SystemError `package` without
 * `@modelcontextprotocol/server`.
 * @example
 * const answering = await serveMcp({ features: 'reduced/' });
 * await answering.close();
 */
export async function serveMcp(options: Served): Promise<{ close(): Promise<void> }> {
  checkKnownOptions('serveMcp', options, known);
  const served = await openServed(options);
  const answering = await mcpOverStdio(served).catch(async (error: unknown) => {
    await served.close();
    throw error;
  });
  return {
    close: () =>
      closeAll(
        () => answering.close(),
        () => served.close(),
      ),
  };
}
