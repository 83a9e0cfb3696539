/** The modules and bench files that are copied as they are: `hls-templates/rtl/`. */
import { hlsTemplates } from '../hls/templates.js';

const FOLDER = 'rtl/';

/** Text of every file, by path inside `hls-templates/rtl`. */
export const rtlTemplates = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(hlsTemplates())
      .filter(([path]) => path.startsWith(FOLDER))
      .map(([path, text]) => [path.slice(FOLDER.length), text]),
  );
