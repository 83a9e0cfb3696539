#!/usr/bin/python3
"""Indexes the frames of a labelled HDF5 file with DIALS, each with its known cell and geometry. Test-only.

    index_frames.py FILE OUT.csv [--frames 0:60] [--cell a,b,c,al,be,ga --group P43212]

Needs Debian's package dials. OUT has a row a frame: frame, indexable (1 or 0), degrees (angle to the nearest true lattice at
lattice symmetry; empty where the file has no truth or nothing indexed), indexed (reflections). A frame is indexable where
DIALS finds a lattice and, if the truth is known, that lattice is within --within degrees of it.

Frames are those of vetoc (`/entry/meta/*`, `/entry/lattices`) or of nanoBragg (`missetx/y/z`, `cell` by name).
With --cell every frame is tried with that cell, misses too: the check that nothing is found where nothing is.
"""
import argparse
import copy
import csv
import json
import logging
import math
import os
import sys
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
# Debian leaves out this module, and DIALS then reports every candidate as unfit; an empty one is enough.
shim = tempfile.mkdtemp()
open(os.path.join(shim, "xfel_mono_sim_ext.py"), "w").close()
sys.path.insert(0, shim)

import h5py
import numpy as np
from cctbx import sgtbx, uctbx
from cctbx.sgtbx import lattice_symmetry
from dials.algorithms.indexing.indexer import Indexer
from dials.array_family import flex
from dials.command_line.stills_process import phil_scope
from dxtbx.format.image import ImageBool
from dxtbx.imageset import ImageSet, ImageSetData, MemReader
from dxtbx.model.beam import BeamFactory
from dxtbx.model.detector import DetectorFactory
from dxtbx.model.experiment_list import Experiment, ExperimentList
from libtbx.phil import parse
from scitbx import matrix

logging.disable(logging.CRITICAL)

BRIGHTEST = 100
NANOBRAGG = {
    "lysozyme": ((79.1, 79.1, 38, 90, 90, 90), "P43212"),
    "psii": ((117.5, 223.3, 311, 90, 90, 90), "P212121"),
    "hydrogenase": ((73, 96, 119, 90, 90, 90), "P212121"),
    "thermolysin": ((93, 93, 130, 90, 90, 120), "P6122"),
}


class Shot:
    """One image in memory, as dxtbx wants it."""

    def __init__(self, pixels):
        self.pixels = pixels

    def get_raw_data(self):
        return (self.pixels,)

    def get_mask(self, goniometer=None):
        return (None,)

    def get_path(self):
        return "memory"


def experiment_of(frame, live, facts):
    """beam_x and beam_y count from pixel centres; DIALS counts from pixel edges."""
    height, width = frame.shape
    pixel = facts["pixel_mm"]
    centre = ((facts["beam_x"] + facts["half"]) * pixel, (facts["beam_y"] + facts["half"]) * pixel)
    detector = DetectorFactory.simple(
        "SENSOR_PAD", facts["distance_mm"], centre, "+x", "-y", (pixel, pixel), (width, height), (-1, 65535), []
    )
    beam = BeamFactory.simple(facts["wavelength"])
    data = ImageSetData(MemReader([Shot(flex.int(frame.astype(np.int32)))]), None)
    images = ImageSet(data)
    images.set_beam(beam, 0)
    images.set_detector(detector, 0)
    if live is not None:
        images.external_lookup.mask.data = ImageBool(flex.bool(np.ascontiguousarray(live.astype(bool))))
    return ExperimentList([Experiment(imageset=images, beam=beam, detector=detector)])


def parameters_for(cell, group):
    text = f"""
    spotfinder.threshold.algorithm=dispersion_extended
    spotfinder.filter.min_spot_size=2
    spotfinder.threshold.dispersion.global_threshold=0
    output.shoeboxes=False
    dispatch.hit_finder.minimum_number_of_reflections=4
    indexing.known_symmetry.space_group={group}
    indexing.known_symmetry.unit_cell={",".join(str(v) for v in cell)}
    indexing.max_cell={1.4 * max(cell[:3])}
    indexing.method=fft1d
    indexing.basis_vector_combinations.max_refine=1
    indexing.stills.refine_candidates_with_known_symmetry=True
    indexing.stills.ewald_proximal_volume_max=1
    """
    return phil_scope.fetch(parse(text)).extract()


def spots_of(experiments, parameters):
    found = flex.reflection_table.from_observations(experiments, parameters, is_stills=True)
    x, y, _ = found["xyzobs.px.value"].parts()
    found["xyzobs.px.value"] = flex.vec3_double(x, y, flex.double(len(found), 0))
    boxes = found["bbox"]
    for i in range(len(boxes)):
        boxes[i] = boxes[i][:4] + (0, 1)
    order = flex.sort_permutation(found["intensity.sum.value"], reverse=True)
    return found.select(order[:BRIGHTEST])


def index(frame, live, facts, cell, group):
    """The reciprocal matrices that DIALS finds, and how many reflections it indexes."""
    parameters = parameters_for(cell, group)
    experiments = experiment_of(frame, live, facts)
    try:
        spots = spots_of(experiments, parameters)
        if len(spots) < 4:
            return [], 0
        indexer = Indexer.from_parameters(spots, copy.deepcopy(experiments), params=parameters)
        indexer.index()
    except KeyboardInterrupt:
        raise
    except BaseException:  # DIALS raises of many kinds, Sorry (a SystemExit in places) among them
        return [], 0
    crystals = [matrix.sqr(c.get_A()) for c in indexer.refined_experiments.crystals()]
    return crystals, len(indexer.refined_reflections)


def angle_between(found, truth, cell):
    """Degrees between two reciprocal matrices, the least over the rotations of the lattice."""
    rotations = lattice_symmetry.group(uctbx.unit_cell(cell), max_delta=1.0)
    least = 180.0
    a = np.array(found.elems).reshape(3, 3)
    for operation in rotations.smx():
        r = np.array(operation.r().as_double()).reshape(3, 3)
        for h in (r, r.T):
            between = a @ np.linalg.inv(truth @ h)
            u, _, vt = np.linalg.svd(between)
            if np.linalg.det(u @ vt) > 0:
                cosine = (np.trace(u @ vt) - 1) / 2
                least = min(least, math.degrees(math.acos(max(-1.0, min(1.0, cosine)))))
    return least


# From (fast, slow, beam) to DIALS' laboratory, in which the beam runs along -z and the slow axis along -y.
TO_LABORATORY = np.diag([1.0, -1.0, -1.0])


def nanobragg_matrix(cell, angles):
    """nanoBragg's basis has a* along x and b* in the xy plane, and is turned about x (the beam), y and z in this order."""
    a, b, c, al, be, ga = uctbx.unit_cell(cell).reciprocal().parameters()
    cos_al, cos_be, cos_ga = (math.cos(math.radians(v)) for v in (al, be, ga))
    sin_ga = math.sin(math.radians(ga))
    c_y = (cos_al - cos_be * cos_ga) / sin_ga
    c_z = math.sqrt(1 - cos_be**2 - c_y**2)
    basis = np.array([[a, b * cos_ga, c * cos_be], [0, b * sin_ga, c * c_y], [0, 0, c * c_z]])
    turn = np.eye(3)
    for axis, degrees in zip(((1, 0, 0), (0, 1, 0), (0, 0, 1)), angles):
        r = matrix.col(axis).axis_and_angle_as_r3_rotation_matrix(degrees, deg=True)
        turn = np.array(r.elems).reshape(3, 3) @ turn
    return TO_LABORATORY @ turn @ basis


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("file")
    ask.add_argument("out")
    ask.add_argument("--frames", default=":")
    ask.add_argument("--split", type=int, help="only frames of this split code")
    ask.add_argument("--cell")
    ask.add_argument("--group", default="P1")
    ask.add_argument("--within", type=float, default=1.0, help="degrees")
    ask = ask.parse_args()
    h = h5py.File(ask.file, "r")
    meta = {name: h["entry/meta"][name][:] for name in h["entry/meta"]}
    if "pixel_mm" not in meta:
        meta["pixel_mm"] = np.full(len(meta["style"]), h["entry"].attrs["pixel_mm"])
    own = "missetx" not in meta
    known = [] if own else json.loads(h["entry/meta/cell"].attrs["names"])
    hits = h["entry/data/hit"][:]
    splits = h["entry/data/split"][:]
    masks = h["entry/mask"][:]
    lattices = h["entry/lattices"] if "entry/lattices" in h else None
    first, last = (int(v) if v else None for v in ask.frames.split(":"))
    given = tuple(float(v) for v in ask.cell.split(",")) if ask.cell else None
    with open(ask.out, "w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["frame", "indexable", "degrees", "indexed"])
        for i in range(len(hits))[first:last]:
            if ask.split is not None and splits[i] != ask.split:
                continue
            facts = {k: float(meta[k][i]) for k in ("pixel_mm", "beam_x", "beam_y", "distance_mm", "wavelength")}
            facts["half"] = 0.5 if own else 0.0
            if given:
                cell, group, truths = given, ask.group, []
            elif not hits[i]:
                table.writerow([i, 0, "", 0])
                continue
            elif own:
                cell = tuple(float(meta[f"cell_{k}"][i]) for k in ("a", "b", "c", "alpha", "beta", "gamma"))
                group = str(int(meta["space_group"][i]))
                truths = [TO_LABORATORY @ row[1:].reshape(3, 3) for row in lattices[i] if row[0] > 0]
            else:
                cell, group = NANOBRAGG[known[meta["cell"][i]].lower()]
                truths = [nanobragg_matrix(cell, [float(meta["misset" + k][i]) for k in "xyz"])]
            found, count = index(h["entry/data/data"][i], masks[meta["style"][i]], facts, cell, group)
            degrees = min((angle_between(a, t, cell) for a in found for t in truths), default=None)
            good = len(found) > 0 and (degrees is None or degrees <= ask.within)
            table.writerow([i, int(good), "" if degrees is None else f"{degrees:.4f}", count])
            out.flush()


main()
