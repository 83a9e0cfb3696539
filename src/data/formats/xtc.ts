/**
 * XTC and XTC2, the streams of LCLS and LCLS-II: read by psana alone, which knows the calibration of every detector. Such a
 * file is refused with the command that converts it to HDF5.
 */
import { UserError } from '../../core/errors.js';
import type { FrameFormat, OpenRequest } from './format.js';

/**
 * With psana 2 (slac-lcls/lcls2, psana/smalldata): the calibrated images of one detector as LCLS-II small data, which vetoc
 * reads. Events without the detector have no image.
 */
const convertXtc2 = (file: string, out: string): string =>
  `python -c "from psana import DataSource; ds = DataSource(files='${file}'); h5 = ds.smalldata(filename='${out}'); run = next(ds.runs()); ` +
  `det = run.Detector('DETECTOR'); [h5.event(e, frames=c) for e in run.events() if (c := det.raw.calib(e)) is not None]; h5.done()"`;

function refuse({ file }: OpenRequest): never {
  const out = file.replace(/^.*\//, '').replace(/\.xtc2?$/i, '.h5');
  const second = /2$/.test(file);
  throw new UserError(`is ${second ? 'an XTC2 file of LCLS-II' : 'an XTC file of LCLS'}, which psana reads`, {
    file,
    remedy: second
      ? `convert it where psana is, with the name of your detector: ${convertXtc2(file, out)} and give ${out}`
      : `convert it with psana, as Cheetah or OM do, and give the CXI file`,
  });
}

export const xtcFormat: FrameFormat = {
  name: 'XTC (by psana)',
  singleFrame: false,
  matches: (_, name) => /\.xtc2?$/.test(name),
  open: async (request) => refuse(request),
};
