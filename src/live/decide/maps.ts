/** Maps as processes take them, beside a network. */
import type { CommonModeWish } from '../../data/raw/common-mode.js';
import type { RawDetectorName } from '../../data/raw/detectors.js';
import type { CellIntegers, MapFormats } from '../../data/raw/integer-maps.js';

/** Maps of a detector without memory cells, as processes are sent them. */
export interface LiveMaps {
  readonly detector: RawDetectorName;
  readonly formats: MapFormats;
  readonly integers: CellIntegers;
  readonly commonMode?: CommonModeWish;
  /** Of the detector that they were made of; null where nobody says it. */
  readonly serial: string | null;
}
