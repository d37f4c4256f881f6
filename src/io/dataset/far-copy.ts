import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { renamedError } from '../../core/renamed-error.ts';
import { temporaryFolder } from '../../core/temporary-folder.ts';
import { CopyPart } from '../far/copy-part.ts';
import { ObjectFile } from '../far/object-file.ts';
import { receiveWhole } from '../http/receive-whole.ts';
import { objectAddress } from '../objects/object-address.ts';
import { openS3Store } from '../objects/s3-store.ts';

const READING = { patience: { answer: 60_000, idle: 60_000 } };
const TRIES = { attempts: 6, firstPause: 0.5 };

/** A copy of what lies in an object store, in a temporary folder. */
export interface FarCopy {
  readonly path: string;
  /** Its address, without slashes at its end. */
  readonly named: string;
  /** Rewords an error about the copy for whoever named the address. */
  speaking(error: unknown): unknown;
  remove(): Promise<void>;
}

/**
 * Copies the object at an address, or those that are chosen of the objects below it.
 *
 * @param choose is given the names below the address, and returns those to copy.
 * @returns undefined when there is no object, or none was chosen.
 * @throws UsageError `object-store` for an invalid address; SystemError `object-store`,
 * `disk-full`.
 */
export async function copyFar(
  address: string,
  choose: (names: readonly string[]) => readonly string[],
): Promise<FarCopy | undefined> {
  const { bucket, prefix } = objectAddress(address);
  const named = address.replace(/\/+$/, '');
  const folder = await temporaryFolder('reelflow-table~');
  const path = join(folder.path, basename(prefix) || 'table');
  const speaking = (error: unknown) => renamedError(error, path, named);
  const store = await openS3Store(`s3://${bucket}`);
  try {
    const isOne = prefix !== '' && (await store.head(prefix)) !== undefined;
    const below = prefix === '' ? '' : `${prefix}/`;
    const names: string[] = [];
    if (!isOne) for await (const { name } of store.list(below)) names.push(name.slice(below.length));
    const chosen = isOne
      ? [[prefix, path] as const]
      : choose(names).map((name) => [below + name, join(path, name)] as const);
    for (const [name, copy] of chosen) {
      await mkdir(dirname(copy), { recursive: true });
      const part = await CopyPart.begin(copy);
      const object = new ObjectFile(store, name);
      try {
        await receiveWhole(part, () => object.transfer(part, Number.MAX_SAFE_INTEGER, READING), TRIES);
      } finally {
        await part.end();
      }
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
