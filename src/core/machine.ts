/** What runs vetoc, for records. */
import { availableParallelism, cpus, hostname } from 'node:os';
import { arch, cpuUsage, platform, version } from 'node:process';

/** As `v20.19.0`. */
export const NODE_VERSION = version;
/** As `linux x64`. */
export const PLATFORM = `${platform} ${arch}`;
export const IS_WINDOWS = platform === 'win32';

/** This machine, as `beamline7, 16 × Intel(R) Xeon(R) …`. */
export const machineText = (): string =>
  `${hostname()}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`;

/** What work takes from now on, seconds: by the clock, and of processor time of all threads of this process. */
export function startWatch(): () => { readonly seconds: number; readonly cpuSeconds: number } {
  const [began, cpu] = [performance.now(), cpuUsage()];
  return () => {
    const { user, system } = cpuUsage(cpu);
    return { seconds: (performance.now() - began) / 1e3, cpuSeconds: (user + system) / 1e6 };
  };
}
