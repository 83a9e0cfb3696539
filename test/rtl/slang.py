"""Reads a project with slang, a strict second front end: prints every error and warning. Usage: slang.py FOLDER TOP"""

import glob
import sys

from pyslang import driver as slang

folder, top = sys.argv[1:3]
# Widths are parameters, so that a cast may change nothing; words are vectors of bits, whatever they hold.
options = ['-Wextra', '-Wconversion', '-Wno-useless-cast', '-Wno-sign-conversion', '--top', top]
sources = sorted(glob.glob(f'{folder}/rtl/**/*.sv', recursive=True))
driver = slang.Driver()
driver.addStandardArgs()
read = (
    driver.parseCommandLine(' '.join(['slang', *options, *sources]))
    and driver.processOptions()
    and driver.parseAllSources()
)
sys.exit(0 if read and driver.runFullCompilation(True) else 1)
