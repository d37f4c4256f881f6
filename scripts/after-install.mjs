/**
 * What npm runs when it has installed reelflow as a dependency: removes the libraries of other
 * platforms (docs/getting-started.md says which, and how to keep them). Prints nothing, and fails
 * no install.
 */
import { fileURLToPath } from 'node:url';

const built = '../dist/bin/';
try {
  const [{ trimAtInstall }, { here }] = await Promise.all([
    import(`${built}trim-at-install.js`),
    import(`${built}unused-libraries.js`),
  ]);
  trimAtInstall(fileURLToPath(new URL('..', import.meta.url)), here(), process.env);
} catch {
  // Not built yet, in a clone; or what is installed looks otherwise: then everything stays.
}
