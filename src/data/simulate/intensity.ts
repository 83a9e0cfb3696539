/**
 * Reflection intensities with Wilson's statistics (Wilson 1949, Acta Cryst. 2, 318), drawn by hashing.
 *
 * No list of structure factors is kept: the intensity of a reflection is a hash of (crystal seed, orbit of hkl), so
 * symmetry mates agree, every frame of a crystal sees the same values, and nothing has to be computed in advance.
 * Acentric: I/⟨I⟩ is exponential (⟨I²⟩/⟨I⟩² = 2); centric: χ² with one degree of freedom (⟨I²⟩/⟨I⟩² = 3).
 * The fall with resolution, exp(−B/(2d²)), is applied by the caller.
 */
import type { SpaceGroup } from './space-group.js';

/** Mixes two 32-bit words (the finaliser of MurmurHash3, twice). */
export function hash32(a: number, b: number): number {
  let x = (a ^ Math.imul(b, 0x9e3779b1)) >>> 0;
  for (let round = 0; round < 2; round++) {
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x = (x ^ (x >>> 16) ^ b) >>> 0;
  }
  return x;
}

/** Uniform in (0, 1) from a 32-bit word. */
const open01 = (word: number): number => (word + 0.5) / 4294967296;

/** I/⟨I⟩ of a reflection; 0 where it is systematically absent or the direct beam. */
export function wilsonIntensity(group: SpaceGroup, seed: number, h: number, k: number, l: number): number {
  if ((h === 0 && k === 0 && l === 0) || group.isAbsent(h, k, l)) return 0;
  const orbit = group.orbit(h, k, l);
  const low = orbit % 4294967296;
  const first = hash32(hash32(seed, low), Math.floor(orbit / 4294967296));
  const exponential = -Math.log(open01(first));
  if (!group.isCentric(h, k, l)) return exponential;
  // The square of a standard normal: 2 E cos²φ (Box–Muller).
  const cosine = Math.cos(2 * Math.PI * open01(hash32(first, 0x5bd1e995)));
  return 2 * exponential * cosine * cosine;
}
