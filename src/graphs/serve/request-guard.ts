import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isOwnName } from '../../io/http/own-server.ts';

/** Why a request is not answered. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** What a server is bound to, and the token that opens it. */
export interface Door {
  readonly host: string;
  /** Required if the server is bound to more than the loopback address. */
  readonly token: string | undefined;
}

/** Maximum length of a request's address. */
const LONGEST_URL = 2048;

/**
 * Why a request must not be answered; undefined if it may. `Host` must be the address itself: a
 * page whose name was rebound to this machine sends its own name. `Origin`, which every browser
 * adds to requests from pages of other sites, must match it.
 */
export function refusalOf(request: IncomingMessage, door: Door): Refusal | undefined {
  const { method = '', url = '', headers } = request;
  if (!url.startsWith('/') || url.length > LONGEST_URL || !URL.canParse(url, 'http://localhost')) {
    return refuse(414, 'bad-address', 'the address is too long, or invalid');
  }
  if (!isOwnName(headers.host, door.host))
    return refuse(421, 'wrong-host', '`Host` must be the address of this server');
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) {
    return refuse(403, 'wrong-origin', 'pages of other sites are not answered');
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return refuse(403, 'wrong-origin', 'pages of other sites are not answered');
  }
  if (door.token !== undefined && !isToken(headers.authorization, door.token)) {
    return refuse(401, 'no-token', 'send the token as `Authorization: Bearer TOKEN`');
  }
  if (method !== 'GET' && method !== 'POST') return refuse(405, 'bad-method', 'only GET and POST are answered');
  return undefined;
}

function refuse(status: number, code: string, message: string): Refusal {
  return { status, code, message };
}

/** Compares in constant time. */
function isToken(authorization: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
}
