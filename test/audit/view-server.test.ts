/** The server of the local page against requests that no page of ours would send. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownHosts, refusal } from '../../src/audit/view/guard.js';
import { resolutionRings } from '../../src/spotfind/rings.js';
import { radiusOfResolution } from '../../src/spotfind/layout.js';
import { startSampleView, type SampleView } from './view-fixture.js';

let view: SampleView;
let port: string;
let token: string;
let cookie = '';
beforeAll(async () => {
  view = await startSampleView();
  const url = new URL(view.server.url);
  port = url.port;
  token = url.searchParams.get('token')!;
  cookie = String((await ask(`/?token=${token}`)).headers['set-cookie']).split(';')[0]!;
});
afterAll(async () => {
  await view.close();
});

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request whose path and headers go out exactly as given. */
function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body: string | null = null,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const all = cookie === '' ? headers : { cookie, ...headers };
    const sent = request({ host: '127.0.0.1', port, path, method, headers: all }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString('latin1')));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, text });
      });
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

const own = (): Record<string, string> => ({
  origin: `http://127.0.0.1:${port}`,
  'content-type': 'application/json',
});
const save = (headers: Record<string, string>, body = '{"verdict":"wrong"}'): Promise<Got> =>
  ask('/api/frames/1/verdict', headers, 'POST', body);
const verdicts = async (): Promise<readonly unknown[]> =>
  view.ledger.database.select('SELECT frame, verdict FROM verdicts');

describe('the guard', () => {
  const hosts = ownHosts('127.0.0.1', 80);

  it.each([
    [{ host: 'localhost:80' }, null],
    [{ host: '[::1]:80' }, null],
    [{ host: 'evil.example:80' }, 403],
    [{ host: '127.0.0.1:81' }, 403],
    [{}, 403],
    [{ host: '127.0.0.1:80', origin: 'http://127.0.0.1:80' }, null],
    [{ host: '127.0.0.1:80', origin: 'http://127.0.0.1:80.evil.example' }, 403],
    [{ host: '127.0.0.1:80', origin: 'https://127.0.0.1:80' }, 403],
    [{ host: '127.0.0.1:80', origin: 'null' }, 403],
    [{ host: '127.0.0.1:80', 'sec-fetch-site': 'none' }, null],
    [{ host: '127.0.0.1:80', 'sec-fetch-site': 'same-site' }, 403],
  ])('answers %j with %s', (headers, status) => {
    expect(refusal('GET', headers, hosts)?.status ?? null).toBe(status);
  });

  it('knows the address that it was told to listen on, and no other', () => {
    expect(ownHosts('10.1.2.3', 9)).toContain('10.1.2.3:9');
    expect(refusal('GET', { host: '10.1.2.3:80' }, hosts)?.status).toBe(403);
    expect(ownHosts('fe80::1', 9)).toContain('[fe80::1]:9');
  });
});

describe('the login', () => {
  const paths = [
    '/',
    '/app.js',
    '/base.css',
    '/style.css',
    '/api/audit',
    '/api/frames',
    '/api/frames/2/pixels',
    '/nothing',
  ];
  const without = { cookie: '' };

  it.each(paths)('%s asks for the cookie', async (path) => {
    const { status, text } = await ask(path, without);
    expect(status).toBe(401);
    expect(text).not.toMatch(/veto-test|<script|canvas/);
    expect((await ask(path, { cookie: cookie.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')) })).status).toBe(
      401,
    );
  });

  it('saves no verdict of who has no cookie', async () => {
    expect((await save({ ...own(), ...without })).status).toBe(401);
    expect(await verdicts()).toEqual([]);
  });

  it('exchanges the token for a cookie that scripts and other pages cannot use, and drops it from the address', async () => {
    const { status, headers } = await ask(`/?token=${token}`, without);
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    expect(String(headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(String(headers['set-cookie'])).not.toContain(token);
  });

  it.each(['', 'x', '\u0000', 'a'.repeat(43)])('takes no other token (%j)', async (wrong) => {
    const { status, headers } = await ask(`/?token=${encodeURIComponent(wrong)}`, without);
    expect(status).toBe(401);
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('takes the token of a right address only from its own host', async () => {
    expect((await ask(`/?token=${token}`, { host: 'evil.example' })).status).toBe(403);
  });
});

describe('the server', () => {
  it('gives its page with a policy that runs nothing but its own files', async () => {
    const { status, headers } = await ask('/');
    expect(status).toBe(200);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    '/../../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/app.js/../../../package.json',
    '//etc/passwd',
    '/etc/passwd',
    '/style.css%00.html',
    '/api/frames/../../../package.json',
    '/api/frames/0%2f..%2f..',
    '/api/frames/-1',
    '/api/frames/99999999999',
    '/api/frames/6',
    'http://evil.example/api/audit',
  ])('has nothing at %s', async (path) => {
    const { status, text } = await ask(path);
    expect(status).toBe(404);
    expect(text).not.toMatch(/devDependencies|root:/);
  });

  it('refuses foreign hosts and origins, and says nothing of the audit to them', async () => {
    for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }]) {
      const { status, text } = await ask('/api/audit', headers);
      expect(status).toBe(403);
      expect(text).not.toContain('veto-test');
    }
  });

  it('saves no verdict that another page or a form could have sent', async () => {
    expect((await save({ 'content-type': 'application/json' })).status).toBe(403);
    expect((await save({ ...own(), origin: 'http://evil.example' })).status).toBe(403);
    expect((await save({ ...own(), 'content-type': 'text/plain' })).status).toBe(415);
    expect((await ask('/api/frames/1/verdict', own(), 'PUT', '{}')).status).toBe(405);
    expect(await verdicts()).toEqual([]);
  });

  it('refuses verdicts that are none, and bodies without end', async () => {
    for (const body of ['', '{', '[]', '{"verdict":"maybe"}', '{"verdict":"right","more":1}'])
      expect((await save(own(), body)).status, body).toBe(400);
    expect((await save(own(), `{"note":"${'x'.repeat(20_000)}"}`)).status).toBe(400);
    expect(await verdicts()).toEqual([]);
    expect(view.defects).toEqual([]);
  });

  it('takes filters and orders from its list only', async () => {
    for (const query of [
      'sort=frame;DROP TABLE verdicts',
      'flag=1=1',
      'order=desc,frame',
      'limit=1e9',
      'offset=-1',
      'x=1',
    ])
      expect((await ask(`/api/frames?${encodeURI(query)}`)).status, query).toBe(400);
    const { text } = await ask(`/api/frames?file=${encodeURIComponent("' OR true --")}`);
    expect(JSON.parse(text)).toEqual({ total: 0, frames: [] });
  });

  it('gives the pixels as they are, and which are live', async () => {
    const { headers, text } = await ask('/api/frames/2/pixels');
    expect(headers['content-type']).toBe('application/octet-stream');
    const bytes = Buffer.from(text, 'latin1');
    expect(bytes.length).toBe(3 * 40 * 36);
    expect([...bytes.subarray(2 * 40 * 36, 2 * 40 * 36 + 37)]).toEqual([...Array<number>(36).fill(0), 1]);
  });
});

describe('resolution rings', () => {
  const scale = { wavelengthA: 1.3, distanceMm: 100, pixelMm: 0.1 };

  it('stand at their resolution, inside the frame, and not on each other', () => {
    const { rings, known } = resolutionRings({ centre: { x: 500, y: 500 }, scale }, 1000, 1000);
    expect(known).toBe(true);
    expect(rings.map((ring) => ring.label)).toContain('3.2 Å');
    for (const { label, radius } of rings) {
      expect(radius).toBe(radiusOfResolution(parseFloat(label), scale));
      expect(radius).toBeLessThan(708);
    }
    const radii = rings.map((ring) => ring.radius);
    expect(radii.every((r, i) => i === 0 || r - radii[i - 1]! >= 50)).toBe(true);
  });

  it('are stated in pixels around the middle where nobody knows the geometry', () => {
    const rings = resolutionRings({ centre: null, scale: null }, 101, 201);
    expect(rings).toMatchObject({ x: 100, y: 50, known: false });
    expect(rings.rings.every((ring) => ring.label.endsWith(' px'))).toBe(true);
  });
});
