/** The sources by the word that their addresses begin with: a new one is a file here and a line in the table. */
import { UserError } from '../../core/errors.js';
import type { OpenFramesOptions } from '../../data/open.js';
import type { LiveSource, SourceOptions } from '../source.js';
import { openFolder } from './folder.js';
import { openKarabo } from './karabo.js';
import { openLclstreamer } from './lclstreamer.js';
import { openSimplon } from './simplon.js';
import { openSimulated } from './simulated.js';

export interface SourceRequest extends SourceOptions {
  /** What the network takes: rows, columns. */
  readonly size: readonly [number, number];
  /** How files are read. */
  readonly reading: OpenFramesOptions;
}

const SCHEMES: Readonly<Record<string, (rest: string, request: SourceRequest) => Promise<LiveSource>>> = {
  dectris: openSimplon,
  folder: (rest, request) => openFolder(rest, request, request.reading),
  karabo: openKarabo,
  lclstreamer: (rest, request) => openLclstreamer(rest, request, request.size),
  simulate: (rest, { size }) => openSimulated(rest.replace(/^\?/, ''), size),
};

/** Sources without the raw words that maps are of, and why. */
const NO_WORDS: Readonly<Record<string, string>> = {
  karabo: 'gives the gain of a word beside it, not in it',
  simulate: 'gives counts, not raw words',
};

/** Opens the source at `address`: `dectris://host:31001`, `simulate://?rate=100`, `folder://night` or a folder's path. */
export function openLiveSource(address: string, request: SourceRequest): Promise<LiveSource> {
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(address) ?? [];
  if (scheme === undefined) return openFolder(address, request, request.reading);
  const open = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  const why = request.reading.words === true ? NO_WORDS[scheme] : undefined;
  if (why !== undefined)
    throw new UserError(why, {
      field: '--maps',
      file: address,
      remedy: 'leave --maps out, or name a stream of raw words: dectris://, lclstreamer:// or a folder',
    });
  if (open === undefined)
    throw new UserError(`'${scheme}://' is no source`, {
      field: '--from',
      file: address,
      remedy: `begin it with ${Object.keys(SCHEMES)
        .map((name) => `${name}://`)
        .join(', ')}, or name a folder`,
    });
  return open(rest, request);
}
