/**
 * Property tests draw the same cases in every run, so that a push is not refused for what another one brought;
 * `npm run nightly` draws new ones: VETOC_PROPERTY_SEED, which a failure's report names as its seed.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['VETOC_PROPERTY_SEED'] ?? 1) });
