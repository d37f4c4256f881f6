import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createOnce, replaceFile } from '../../core/atomic-file.ts';
import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { keyBytes } from '../../models/privacy/keyed-noise.js';
import type { PrivacyGuarantee, PrivacyOptions } from '../../models/privacy/privacy-options.ts';
import type { Json } from '../graph.ts';
import { option } from './recommender-option.ts';

/** The option of recommenders that can be trained privately. */
export const dpOption = option(
  'dp',
  'json',
  'none',
  'differential privacy: the noise, or {"noise":1.1,"clip":1,"delta":1e-5,"unit":"user","repeatable":false}',
);

const keys = ['noise', 'clip', 'delta', 'unit', 'repeatable'];

/** The option `dp` of a recommender; undefined if it is not given. @throws UsageError. */
export function privacyOptions({ dp }: Readonly<Record<string, Json | undefined>>): PrivacyOptions | undefined {
  if (dp === undefined) return undefined;
  if (typeof dp === 'number') return { noise: dp };
  if (typeof dp !== 'object' || dp === null || Array.isArray(dp)) {
    throw new UsageError(`\`dp\` must be a number or an object, but is ${shown(dp)}`, {
      option: 'dp',
      remedy: 'Give the noise, or an object with `noise`, `clip` and `delta`.',
    });
  }
  const unknown = Object.keys(dp).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new UsageError(`\`dp\` has no '${unknown}'`, { option: 'dp', remedy: `It has ${keys.join(', ')}.` });
  }
  return dp as unknown as PrivacyOptions;
}

/**
 * The same, with the key that the noise is derived from: an HMAC, under a secret, of everything
 * that distinguishes this training from others. The secret is kept in a file next to the
 * checkpoint, for as long as the checkpoint, so that a training that was killed continues with the
 * same noise, while another training in its place never has that noise.
 *
 * @param training the identity of the training: data, options and seed.
 */
export async function privacyWithKey(
  options: Readonly<Record<string, Json>>,
  checkpoint: string | undefined,
  training: string,
): Promise<PrivacyOptions | undefined> {
  const privacy = privacyOptions(options);
  if (privacy === undefined || privacy.repeatable === true || checkpoint === undefined) return privacy;
  const secret = await secretAt(`${checkpoint}-noise-key`);
  const key = createHmac('sha256', secret).update(`reelflow-noise-2:${training}`).digest();
  return { ...privacy, key: Uint8Array.from(key) };
}

/** The secret in this file, which is made if it is not there. */
async function secretAt(path: string): Promise<Uint8Array> {
  const found = await readSecret(path);
  if (found !== undefined) return found;
  const secret = randomBytes(keyBytes);
  if (await createOnce(path, secret, ownerOnly)) return secret;
  // Another process was first, or the file is damaged.
  const other = await readSecret(path);
  if (other !== undefined) return other;
  await replaceFile(path, secret, ownerOnly);
  return secret;
}

const ownerOnly = 0o600;

async function readSecret(path: string): Promise<Uint8Array | undefined> {
  const found = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return undefined;
    throw error;
  });
  return found?.length === keyBytes ? found : undefined;
}

/** What `repeatable` costs. */
export const seedIsKnown = 'the noise is derived from the seed: whoever knows the seed can subtract it';

/** What a private training guarantees, as a sentence. */
export function guaranteeText(guarantee: PrivacyGuarantee): string {
  const { unit, epsilon, delta, noise, clip, rate, steps, repeatable } = guarantee;
  const how = `noise ${noise}, clip ${clip}, rate ${rate.toPrecision(3)}, ${steps} steps`;
  const known = repeatable ? `; ${seedIsKnown}` : '';
  return `differential privacy for each ${unit}: epsilon ${epsilon.toFixed(2)} at delta ${delta} (${how})${known}`;
}

/** What the batches of a neural recommender count: ratings, or users if those are private. */
export function unitsOf(
  { users, values }: { readonly users: Int32Array; readonly values: Float32Array },
  options: Readonly<Record<string, Json>>,
): number {
  const privacy = privacyOptions(options);
  return privacy === undefined || privacy.unit === 'rating' ? values.length : new Set(users).size;
}
