import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { closeAll } from '../../core/close-all.ts';
import { UsageError } from '../../core/errors.ts';
import { isObjectAddress } from '../../core/object-address.ts';
import { temporaryFolder } from '../../core/temporary-folder.ts';
import { wordsOf } from '../../core/words-of.ts';
import { datasetFilePath, readDatasetFile } from '../../io/dataset/dataset-file.ts';
import { copyFeatures } from '../../io/dataset/far-features.ts';
import { ItemStore } from '../../io/dataset/item-store.ts';
import { trainingStorePath } from '../../io/dataset/training-store-path.ts';
import { randomDoubts } from '../recommenders/feature-doubts.ts';
import { importFeatures } from './import-features.ts';
import { streamName } from './import-options.ts';

/** Features, open for training. */
export interface OpenFeatures {
  readonly store: ItemStore;
  /** Path of the training store: the file that was named, or a temporary one. */
  readonly path: string;
  /** Whether it was made from another file, and is removed when it is closed. */
  readonly isTemporary: boolean;
  close(): Promise<void>;
}

/**
 * Opens features for training: a training store, or the directory of a reduction that has one, is
 * opened directly; any other file is imported by `importFeatures`, with default options, into a
 * training store in a temporary directory. Features in an object store are copied first.
 *
 * @throws UsageError `dataset` when a training store is missing or damaged; what `importFeatures`
 * throws.
 */
export async function openTrainingFeatures(
  features: string,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onMessage?: ((text: string, about?: { readonly isWarning?: boolean | undefined }) => void) | undefined;
  } = {},
): Promise<OpenFeatures> {
  if (isObjectAddress(features)) return openFar(features, options);
  const path = trainingStorePath(features);
  if (!(await isToBeImported(path))) {
    const store = await ItemStore.open(path);
    return { store, path, isTemporary: false, close: () => store.close() };
  }
  const { path: directory, remove } = await temporaryFolder('reelflow-features~');
  try {
    const out = join(directory, 'items.arrow');
    const summary = await importFeatures([{ path, name: streamName(path) }], out, { signal: options.signal });
    const streams = summary.streams.map(({ name, dimension }) => `${name} (${dimension} values)`).join(', ');
    options.onMessage?.(
      `${path} is imported with the defaults of \`importFeatures\`: ${summary.items} items, ${streams}, standardised (${summary.standardise})`,
    );
    // A training store records its networks; one imported from tables does not, and a lone stream
    // of such a store is named after the directory.
    const networks = existsSync(datasetFilePath(path)) ? readDatasetFile(path).models : [];
    const made = networks.map((network) => ({
      name: (network as { readonly stream?: string | undefined }).stream ?? path,
    }));
    for (const doubt of randomDoubts(networks, made)) {
      options.onMessage?.(`warning: ${doubt}`, { isWarning: true });
    }
    const store = await ItemStore.open(out);
    return {
      store,
      path: out,
      isTemporary: true,
      close: () => closeAll(() => store.close(), remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Opens a copy, which is removed when it is closed. */
async function openFar(
  address: string,
  options: NonNullable<Parameters<typeof openTrainingFeatures>[1]>,
): Promise<OpenFeatures> {
  const copy = await copyFeatures(address, options.signal);
  const { onMessage, ...rest } = options;
  try {
    const opened = await openTrainingFeatures(copy.path, {
      ...rest,
      onMessage:
        onMessage &&
        ((text, about) =>
          onMessage(
            text.replaceAll(copy.path, () => copy.named),
            about,
          )),
    });
    return {
      ...opened,
      isTemporary: true,
      close: () =>
        closeAll(
          () => opened.close(),
          () => copy.remove(),
        ),
    };
  } catch (error) {
    await copy.remove();
    throw copy.speaking(error);
  }
}

/** Whether a file exists that does not begin like a training store. */
async function isToBeImported(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new UsageError(`${path} cannot be read: ${wordsOf(error)}`, { code: 'dataset', cause: error });
  });
  if (file === undefined) return false;
  try {
    if ((await file.stat()).isDirectory()) return true;
    const head = Buffer.alloc(6);
    return (await file.read(head, 0, 6, 0)).bytesRead === 6 && head.toString('latin1') !== 'ARROW1';
  } finally {
    await file.close();
  }
}
