/**
 * A thumbnail per second, written to files, and a table that says which file shows which moment.
 *
 *   node dist/examples/thumbnails.js VIDEO... OUT
 *
 * Files are PPM, which needs no package; an encoder such as `sharp` goes in the same place. Of each
 * video at most two are written at a time, and its decoder waits for a slow disk.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Frame, writeDataset } from 'reelflow';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: thumbnails VIDEO... OUT');

const folder = join(out, 'thumbnails-files');

const { videos } = await writeDataset(out, inputs, {
  name: 'thumbnails',
  version: '1',
  columns: (scope) => ({
    thumbnails: scope.frames({ fps: 1, width: 160, height: 90 }).pipe(
      scope.mapAsync(
        async ({ time, data, width, height }: Frame) => {
          // An id may be any text, such as '../film'.
          const own = join(folder, encodeURIComponent(scope.video.id).replaceAll('.', '%2E'));
          const path = join(own, `${time.toFixed(1)}.ppm`);
          await mkdir(own, { recursive: true });
          await writeFile(path, Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), data]));
          return { time, path };
        },
        { name: 'write-thumbnail', concurrency: 2 },
      ),
      scope.rows({ time: 'time', path: 'utf8' }),
    ),
  }),
});
console.log(`${videos.committed} committed: read ${out}/thumbnails/*.parquet`);
