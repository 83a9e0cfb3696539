/** Vendors that RTL projects are made for. */
import type { FpgaTarget } from '../../../targets/target.js';
import { AMD } from './amd.js';
import { LATTICE } from './lattice.js';
import type { RtlVendor } from './vendor.js';

const VENDORS: Readonly<Record<FpgaTarget['vendor'], RtlVendor>> = { amd: AMD, lattice: LATTICE };

export const vendorOf = ({ vendor }: FpgaTarget): RtlVendor => VENDORS[vendor];
