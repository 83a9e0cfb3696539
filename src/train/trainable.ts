/** What training in fixed point can follow. */
import { UserError } from '../core/errors.js';
import type { Quantization } from '../passes/recipe.js';

/** Throws `UserError` for arithmetic that training cannot follow: rounding other than half to even, wrapping. */
export function checkTrainable({ rounding, overflow }: Quantization): void {
  if (rounding !== 'AP_RND_CONV' || overflow !== 'AP_SAT')
    throw new UserError(
      `quantization-aware training rounds half to even and saturates, not ${rounding}, ${overflow}`,
      {
        field: 'training.quantizationAware',
        remedy: 'use AP_RND_CONV and AP_SAT, or train without',
      },
    );
}
