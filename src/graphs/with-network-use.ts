import { networkUse } from '../io/http/network-use.ts';
import type { RunSummary } from './run-summary.ts';

/** Adds to the summary of a run how much network traffic it caused, if any. */
export async function withNetworkUse(run: () => Promise<RunSummary>): Promise<RunSummary> {
  const before = networkUse();
  const summary = await run();
  const now = networkUse();
  if (now.requests === before.requests) return summary;
  const network = {
    requests: now.requests - before.requests,
    retries: now.retries - before.retries,
    receivedBytes: now.received - before.received,
    sentBytes: now.sent - before.sent,
  };
  return { ...summary, network };
}
