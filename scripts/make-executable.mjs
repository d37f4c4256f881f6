/**
 * Makes the built commands executable: TypeScript writes them without that permission, and npm sets
 * it only where it installs the package itself.
 */
import { chmodSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
for (const path of Object.values(bin)) chmodSync(new URL(path, root), 0o755);
