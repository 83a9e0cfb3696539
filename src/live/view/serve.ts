/** The page of a live session, behind the login of the audit's page. */
import { fileURLToPath } from 'node:url';
import { assetsOf, sharedAssets } from '../../audit/view/assets.js';
import { servePage, type ViewServer } from '../../audit/view/serve.js';
import type { LiveState } from './watch.js';

/** `src/live/view` and `dist/live/view` lie equally deep. */
const root = fileURLToPath(new URL('../../../src/live/view/page/', import.meta.url));

/** Serves what `state` says on this machine; `after` is the last frame that the page has. Throws `UserError`. */
export const serveLivePage = (
  state: (after: number) => LiveState,
  port: number,
  onDefect: (error: unknown) => void,
): Promise<ViewServer> =>
  servePage(
    {
      assets: new Map([...sharedAssets(), ...assetsOf(root, ['index.html', 'style.css', 'live.js'])]),
      answer: (method, path, query) =>
        Promise.resolve(
          method === 'GET' && path === '/api/live'
            ? { status: 200, json: state(Number(query.get('after') ?? 0)) }
            : { status: 404, why: 'there is nothing here' },
        ),
    },
    { address: '127.0.0.1', port, onDefect },
  );
