import { checkDirectoryName, checkFileEnding } from '../src/core/file-ending.ts';
import { refuseOutputAddress } from '../src/core/object-address.ts';
import { type Option, parsed } from './option-table.ts';

/** A file on this machine that a command writes; its extension determines its format. */
export const outputFile = (
  value: string,
  endings: readonly string[],
  does: string,
  byDefault?: string,
): Option<string> => ({
  ...parsed(
    value,
    does,
    (given, name) => {
      refuseOutputAddress(given);
      checkFileEnding(`--${name}`, given, endings);
      return given;
    },
    byDefault,
  ),
  writes: 'file',
});

/** A page that a command writes. */
export const outputPage = (does: string): Option<string> => outputFile('FILE', ['html', 'htm'], does);

/** A directory on this machine that a command writes into; `byDefault` if it is not given. */
export const outputDirectory = (does: string, byDefault?: string): Option<string> => ({
  ...parsed(
    'DIR',
    does,
    (given, name) => {
      refuseOutputAddress(given);
      return checkDirectoryName(`--${name}`, given);
    },
    byDefault,
  ),
  writes: 'directory',
  writesByDefault: byDefault,
});

/** A dataset that a command writes, in a directory or an object store. */
export const outputDataset = (does: string): Option<string> => ({
  ...plannedDataset(does),
  writes: 'directory',
});

/** The same, for a command that only says what would be written. */
export const plannedDataset = (does: string): Option<string> =>
  parsed('DIR', does, (given, name) => checkDirectoryName(`--${name}`, given));

/** The last line of a dry run. */
export const NOTHING_WRITTEN = 'nothing was written (--dry-run)\n';
