/**
 * Reads an Arrow stream on stdin for the benchmark, and prints when bytes arrived and when each
 * record batch was complete.
 */
import { RecordBatchReader } from 'apache-arrow';

const now = () => Number(process.hrtime.bigint()) / 1e6;
const arrivals: [time: number, bytes: number][] = [];
const batches: number[] = [];

async function* noted(): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    arrivals.push([now(), bytes]);
    yield chunk;
  }
}

const reader = await RecordBatchReader.from(noted());
for await (const batch of reader) {
  // Accessed as a reader would: the last vector of the batch.
  batch.getChildAt(batch.numCols - 1)?.get(batch.numRows - 1);
  batches.push(now());
}
console.log(JSON.stringify({ arrivals, batches }));
