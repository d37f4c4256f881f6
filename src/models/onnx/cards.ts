import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A graphics card, as its driver describes it. */
export interface Card {
  readonly name: string;
  /** Bytes. */
  readonly totalBytes: number;
  /** Bytes in use now, by any program. */
  readonly usedBytes: number;
}

const mebibyte = 1024 * 1024;
const patience = 5000;

/**
 * The NVIDIA cards in CUDA's numbering; none if the driver's `nvidia-smi` is missing or does not
 * answer. `CUDA_VISIBLE_DEVICES` is honoured if it lists numbers.
 *
 * @example
 * (await readCards())[0]; // { name: 'NVIDIA H200', totalBytes: 150754820096, usedBytes: 0 }
 */
export async function readCards(): Promise<readonly Card[]> {
  if (process.platform === 'linux' && !existsSync('/dev/nvidiactl') && !existsSync('/dev/dxg')) return [];
  const listed = await new Promise<string>((resolve) => {
    const asked = ['--query-gpu=name,memory.total,memory.used', '--format=csv,noheader,nounits'];
    // Without it nothing is known about the cards' memory, and nothing else depends on it.
    execFile('nvidia-smi', asked, { timeout: patience, windowsHide: true }, (error, output) =>
      resolve(error ? '' : output),
    );
  });
  const cards = listed
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => fields.length === 3 && fields.slice(1).every((field) => /^\d+$/.test(field)))
    .map(([name = '', total, used]) => ({
      name,
      totalBytes: Number(total) * mebibyte,
      usedBytes: Number(used) * mebibyte,
    }));
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible === undefined || !/^\d+(,\d+)*$/.test(visible)) return cards;
  return visible.split(',').flatMap((number) => cards[Number(number)] ?? []);
}
