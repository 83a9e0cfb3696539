/** What runs vetoc, for records. */
import { arch, platform, version } from 'node:process';

/** As `v20.19.0`. */
export const NODE_VERSION = version;
/** As `linux x64`. */
export const PLATFORM = `${platform} ${arch}`;
export const IS_WINDOWS = platform === 'win32';
