/** What runs vetoc, for records. */
import { availableParallelism, cpus, hostname } from 'node:os';
import { arch, platform, version } from 'node:process';

/** As `v20.19.0`. */
export const NODE_VERSION = version;
/** As `linux x64`. */
export const PLATFORM = `${platform} ${arch}`;
export const IS_WINDOWS = platform === 'win32';

/** This machine, as `beamline7, 16 × Intel(R) Xeon(R) …`. */
export const machineText = (): string =>
  `${hostname()}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`;
