/**
 * Who may talk to the local page. A browser on this machine also shows pages of strangers: their scripts may send
 * requests to any address, and a stranger's name may be made to resolve to this machine (DNS rebinding). So every
 * request must name this server in `Host`, come from its own page (`Origin`, `Sec-Fetch-Site`), and a change must be
 * JSON, which no form of another page can send without asking first. Who passes here still needs the cookie of `login.ts`.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** Names of this machine that never leave it. */
export const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'] as const;

/** `Host` headers that mean a server bound to `address` and `port`. */
export function ownHosts(address: string, port: number): readonly string[] {
  const bound = address.includes(':') ? `[${address}]` : address;
  return [...new Set([...LOOPBACK, bound])].map((name) => `${name}:${port}`);
}

export interface Refusal {
  readonly status: 403 | 405 | 415;
  readonly why: string;
}

/** Why a request is refused; null when it may pass. `hosts` are those of `ownHosts`. */
export function refusal(
  method: string | undefined,
  headers: IncomingHttpHeaders,
  hosts: readonly string[],
): Refusal | null {
  if (method !== 'GET' && method !== 'POST') return { status: 405, why: 'only GET and POST are answered' };
  if (headers.host === undefined || !hosts.includes(headers.host.toLowerCase()))
    return { status: 403, why: 'the request is for another host' };
  const { origin } = headers;
  if (origin !== undefined && !hosts.some((host) => origin.toLowerCase() === `http://${host}`))
    return { status: 403, why: 'the request comes from another page' };
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return { status: 403, why: 'the request comes from another page' };
  if (method === 'GET') return null;
  if (origin === undefined) return { status: 403, why: 'a change must come from the page' };
  return headers['content-type'] === 'application/json'
    ? null
    : { status: 415, why: 'a change is sent as application/json' };
}
