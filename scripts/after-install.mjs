/**
 * npm runs this after installing reelflow as a dependency. It removes the libraries of other
 * platforms (docs/getting-started.md says which, and how to keep them), prints nothing, and never
 * makes an install fail.
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
  // A clone that is not built yet, or an unexpected layout: then everything stays.
}
