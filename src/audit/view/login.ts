/**
 * Who is at the browser. Other users of the machine can reach a local port, too: so the address that is printed holds a
 * random token, which is exchanged for a cookie that no script sees and that no other page's request carries. Every path
 * asks for it. As Jupyter does it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Login {
  /** Stands in the address that is printed: `/?token=…`. */
  readonly token: string;
  /** Whether a request brings the cookie. */
  knows(headers: IncomingHttpHeaders): boolean;
  /** The cookie for who brought the right token; null for everyone else. Browsers keep cookies by host, not by port. */
  cookieFor(token: string | null, port: number): string | null;
}

const secret = (): string => randomBytes(32).toString('base64url');

const same = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
};

export function createLogin(): Login {
  const [token, session] = [secret(), secret()];
  return {
    token,
    knows: ({ cookie }) =>
      (cookie ?? '').split(';').some((part) => {
        const at = part.indexOf('=');
        return /^\s*vetoc-\d+$/.test(part.slice(0, at)) && same(part.slice(at + 1).trim(), session);
      }),
    cookieFor: (given, port) =>
      given !== null && same(given, token)
        ? `vetoc-${port}=${session}; HttpOnly; SameSite=Strict; Path=/`
        : null,
  };
}

/** What a browser shows without the cookie. No scripts, nothing of the ledger. */
export const LOGIN_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>vetoc</title>
<h1>This page is locked</h1>
<p>Open the address that vetoc printed in the terminal where it was started: it ends in <code>?token=…</code>.</p>
</html>
`;
