/** The server of a local page: checks every request, answers from the assets and the routes, and says no more. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../core/errors.js';
import { loadAssets, type Asset, type Assets } from './assets.js';
import { ownHosts, refusal } from './guard.js';
import { createLogin, LOGIN_PAGE, type Login } from './login.js';
import { answer, type Answer, type ViewParts } from './routes.js';

export interface ViewServer {
  /** The address with the token that opens it. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Address to listen on; loopback unless the user asks for another. */
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Told of what went wrong inside. */
  readonly onDefect: (error: unknown) => void;
}

/** Only the page's own files run, and nothing is sent elsewhere. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};
const LARGEST_BODY = 16_384;
const JSON_TYPE = 'application/json; charset=utf-8';

/** A page and what answers its questions. */
export interface Site {
  readonly assets: Assets;
  /** `body` is the parsed JSON of a POST; null for GET. */
  readonly answer: (method: string, path: string, query: URLSearchParams, body: unknown) => Promise<Answer>;
}

/** The page of an audit. Throws `UserError` as `servePage`. */
export const serveView = (parts: ViewParts, options: ServeOptions): Promise<ViewServer> =>
  servePage(
    { assets: loadAssets(), answer: (method, path, query, body) => answer(parts, method, path, query, body) },
    options,
  );

/** Starts to listen. Throws `UserError` where the address is taken or not this machine's. */
export async function servePage(site: Site, options: ServeOptions): Promise<ViewServer> {
  const login = createLogin();
  let place: Place = { hosts: [], port: 0, login };
  const server = createServer((request, response) => {
    respond(site, place, request, response).catch((error: unknown) => {
      options.onDefect(error);
      send(response, 500, JSON_TYPE, JSON.stringify({ why: 'vetoc failed; see its terminal' }));
    });
  });
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  place = { hosts: ownHosts(address, port), port, login };
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}/?token=${login.token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { address, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new UserError(`cannot listen on ${address}:${port} (${error.code ?? error.message})`, {
          field: error.code === 'EADDRINUSE' ? '--port' : '--host',
          remedy: 'name another, or --port 0 for any that is free',
        }),
      );
    });
    server.listen(port, address, resolve);
  });
}

interface Place {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly login: Login;
}

/** Refuses who may not come in, and gives the cookie to who brings the token; true when the request was answered so. */
function turnedAway(
  { hosts, port, login }: Place,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { method, headers } = request;
  const refused = refusal(method, headers, hosts);
  if (refused !== null) {
    send(response, refused.status, JSON_TYPE, JSON.stringify({ why: refused.why }));
    return true;
  }
  const [path, search] = splitTarget(request.url ?? '/');
  const cookie = path === '/' ? login.cookieFor(new URLSearchParams(search).get('token'), port) : null;
  if (method === 'GET' && cookie !== null) {
    // The token leaves the address bar and the history.
    response.writeHead(303, { ...HEADERS, location: '/', 'set-cookie': cookie });
    response.end();
    return true;
  }
  if (login.knows(headers)) return false;
  if (path === '/') send(response, 401, 'text/html; charset=utf-8', LOGIN_PAGE);
  else send(response, 401, JSON_TYPE, JSON.stringify({ why: 'open the address that vetoc printed' }));
  return true;
}

async function respond(
  site: Site,
  place: Place,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (turnedAway(place, request, response)) return;
  const { method } = request;
  const [path, search] = splitTarget(request.url ?? '/');
  const asset: Asset | undefined = method === 'GET' ? site.assets.get(path) : undefined;
  if (asset !== undefined) {
    send(response, 200, asset.type, asset.content);
    return;
  }
  const body = method === 'POST' ? await readBody(request) : { value: null };
  const found: Answer =
    body === null
      ? { status: 400, why: 'the body is no JSON, or too long' }
      : await site.answer(method!, path, new URLSearchParams(search), body.value);
  if ('bytes' in found) send(response, 200, 'application/octet-stream', found.bytes);
  else if ('json' in found) send(response, 200, JSON_TYPE, JSON.stringify(found.json));
  else send(response, found.status, JSON_TYPE, JSON.stringify({ why: found.why }));
}

function splitTarget(target: string): readonly [path: string, search: string] {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

/** The JSON of a request; null when it is none or too long. */
async function readBody(request: IncomingMessage): Promise<{ readonly value: unknown } | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LARGEST_BODY) return null;
    parts.push(part);
  }
  try {
    return { value: JSON.parse(Buffer.concat(parts).toString('utf8')) };
  } catch {
    return null;
  }
}

function send(response: ServerResponse, status: number, type: string, content: string | Uint8Array): void {
  if (response.headersSent) return;
  response.writeHead(status, { ...HEADERS, 'content-type': type });
  response.end(content);
}
