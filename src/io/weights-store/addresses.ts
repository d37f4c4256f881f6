import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { isLoopback } from '../../core/loopback.ts';
import { withoutSecrets } from '../http/redirects.ts';

/**
 * The address of a download: https, or http on this machine itself.
 *
 * @throws UsageError when it is invalid, or contains a user name or password.
 */
export function sourceAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttps = url?.protocol === 'https:';
  if (!url || !(isHttps || (url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw new UsageError(
      `\`source\` must be an https:// address, but is ${url ? `'${withoutSecrets(url)}'` : shown(text)}`,
      {
        option: 'source',
        remedy: "For a file that is already on this machine: `importWeights({ name: 'NAME', file: 'FILE' })`.",
      },
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('`source` must be an address without a user name and password', { option: 'source' });
  }
  return url;
}
