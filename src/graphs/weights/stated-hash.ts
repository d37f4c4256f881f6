import { basename } from 'node:path';
import { ModelError } from '../../core/errors.ts';
import { sha256PrefixOf } from '../../models/networks/published-weights.ts';

/**
 * Checks that a file has the SHA-256 whose first digits its name states in the style of PyTorch Hub
 * (`alexnet-owt-7be5be79.pth`), if it states any.
 *
 * @throws ModelError `hash`.
 */
export function checkStatedHash(path: string, sha256: string): void {
  const prefix = sha256PrefixOf(basename(path));
  if (prefix === undefined || sha256.startsWith(prefix)) return;
  throw new ModelError(
    'hash',
    `${path} is not what its name says: its SHA-256 is ${sha256}, but the name states ${prefix}`,
    { remedy: 'Download the file again; if those digits in its name are not a hash, rename it.' },
  );
}
