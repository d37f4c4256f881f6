/**
 * Looks at a clip and decodes it while fewer and fewer files can be opened:
 * `node few-descriptors-child.js CLIP`. Prints a line for each attempt: how many could be opened,
 * what was tried, and `ok` or the code of the error.
 */
import { closeSync, openSync } from 'node:fs';
import { lastValueFrom } from 'rxjs';
import { systemFault } from '../../../src/core/system-fault.ts';
import { findFfmpeg, findFfprobe } from '../../../src/io/media/ffmpeg.ts';
import { frames } from '../../../src/io/media/frames.ts';
import { Video } from '../../../src/io/media/video.ts';
import { Flow } from '../../../src/operators/flow.ts';

const [clip = ''] = process.argv.slice(2);
findFfmpeg();
findFfprobe();
const decoded = new Video(clip);
await decoded.probe();
const decode = () => {
  const scope = new Flow('64MiB').scope('clip');
  return lastValueFrom(frames(decoded, { scope, width: 16, height: 16 }));
};
await decode();

for (let free = 0; free <= 16; free += 1) {
  for (const [what, attempt] of [
    ['probe', () => new Video(clip).probe()],
    ['frames', decode],
  ] as const) {
    const taken = takeAllBut(free);
    const outcome = await attempt().then(
      () => 'ok',
      (error: unknown) => systemFault(error)?.code ?? String(error),
    );
    for (const descriptor of taken) closeSync(descriptor);
    process.stdout.write(`${free} ${what} ${outcome}\n`);
    // What the attempt has left behind may close its own meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Opens files until no more than so many can be opened. */
function takeAllBut(free: number): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
  }
  for (const descriptor of taken.splice(-free, free)) closeSync(descriptor);
  return taken;
}
