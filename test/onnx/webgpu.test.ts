/** The WebGPU provider, on the software Vulkan driver that Debian's Chromium brings: no GPU is needed. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const DRIVER = '/usr/lib/chromium';
const missing =
  existsSync(`${DRIVER}/libvk_swiftshader.so`) || process.env['CI'] === 'true'
    ? null
    : 'no software Vulkan driver: install Debian’s chromium';

describe.skipIf(missing !== null)(
  `fixed.onnx on the WebGPU provider${missing ? ` (${missing})` : ''}`,
  () => {
    it('equals the interpreter in every tensor', async () => {
      const script = fileURLToPath(new URL('webgpu-check.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
        env: {
          ...process.env,
          // Where the loader is found and which driver it takes; read once, when the process starts.
          LD_LIBRARY_PATH: DRIVER,
          VK_ICD_FILENAMES: `${DRIVER}/vk_swiftshader_icd.json`,
        },
      });
      const report = JSON.parse(stdout) as { name: string; compared: number; different: number }[];
      expect(report.length).toBe(3);
      for (const { name, compared, different } of report) {
        expect(compared, name).toBeGreaterThan(10_000);
        expect(different, name).toBe(0);
      }
    });
  },
);
