import { basename, dirname, join } from 'node:path';
import { makeDirectory } from '../../core/atomic-file.ts';
import { SystemError } from '../../core/errors.ts';
import { renamedError } from '../../core/renamed-error.ts';
import { temporaryFolder } from '../../core/temporary-folder.ts';
import { formatBytes } from '../../operators/budget.ts';
import { CopyPart } from '../far/copy-part.ts';
import { scratchRoom } from '../far/input-copies.ts';
import { ObjectFile } from '../far/object-file.ts';
import { receiveWhole } from '../http/receive-whole.ts';
import { openS3Store } from '../objects/s3-store.ts';
import { objectAddress } from '../objects/store-address.ts';

const PATIENCE = { answer: 60_000, idle: 60_000 };
const TRIES = { attempts: 6, firstPause: 0.5 };

/** A copy of objects from an object store, in a temporary folder. */
export interface FarCopy {
  readonly path: string;
  /** Its address, without trailing slashes. */
  readonly named: string;
  /** Rewords an error about the copy for the caller who named the address. */
  speaking(error: unknown): unknown;
  remove(): Promise<void>;
}

/**
 * Copies the object at an address, or chosen ones among the objects below it. Together they stay
 * within the disk space for copies of inputs.
 *
 * @param choose receives the names below the address, and returns those to copy.
 * @param signal when aborted, copying stops.
 * @returns undefined if there is no object, or none was chosen.
 * @throws UsageError `object-store` for an invalid address; SystemError `object-store`,
 * `disk-full`; FlowError `aborted`.
 */
export async function copyFar(
  address: string,
  choose: (names: readonly string[]) => readonly string[],
  signal?: AbortSignal | undefined,
): Promise<FarCopy | undefined> {
  const { bucket, prefix } = objectAddress(address);
  const named = address.replace(/\/+$/, '');
  const folder = await temporaryFolder('reelflow-table~');
  const path = join(folder.path, basename(prefix) || 'table');
  const speaking = (error: unknown) => renamedError(error, path, named);
  const store = await openS3Store(`s3://${bucket}`);
  try {
    const wait = { signal, answer: PATIENCE.answer };
    const whole = prefix === '' ? undefined : await store.head(prefix, wait);
    const below = prefix === '' ? '' : `${prefix}/`;
    const sizes = new Map<string, number>();
    if (whole === undefined) {
      for await (const { name, size = 0 } of store.list(below, wait)) sizes.set(name.slice(below.length), size);
    }
    const chosen =
      whole === undefined
        ? choose([...sizes.keys()]).map((name) => ({
            ...{ name: below + name, copy: join(path, name), size: sizes.get(name) ?? 0 },
          }))
        : [{ name: prefix, copy: path, size: whole.size ?? 0 }];
    let left = roomFor(chosen, named);
    for (const { name, copy } of chosen) {
      await makeDirectory(dirname(copy));
      const part = await CopyPart.begin(copy);
      const object = new ObjectFile(store, name);
      try {
        const reading = { patience: PATIENCE, signal };
        await receiveWhole(part, () => object.transfer(part, left, reading), { ...TRIES, signal });
      } finally {
        await part.end();
      }
      left -= part.size;
    }
    if (chosen.length > 0) return { path, named, speaking, remove: folder.remove };
    await folder.remove();
    return undefined;
  } catch (error) {
    await folder.remove();
    throw speaking(error);
  } finally {
    store.close();
  }
}

/** Bytes that the copies may take together. @throws SystemError `disk-full`. */
function roomFor(chosen: readonly { readonly size: number }[], named: string): number {
  const { bytes, directory } = scratchRoom();
  const wanted = chosen.reduce((sum, { size }) => sum + size, 0);
  if (wanted <= bytes) return bytes;
  throw new SystemError(
    'disk-full',
    `${named} has ${formatBytes(wanted)}, more than the ${formatBytes(bytes)} of ${directory} that copies may take`,
    { remedy: 'Set TMPDIR to a directory with more room.' },
  );
}
