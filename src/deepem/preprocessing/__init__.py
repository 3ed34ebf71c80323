"""Array to array: from the pixels of a micrograph to the image that a network sees."""

from deepem.preprocessing.junk_mask import JunkMask, find_junk
from deepem.preprocessing.local_statistics import local_mean_std
from deepem.preprocessing.normalise import clip_outliers, standardise
from deepem.preprocessing.prepare import PreparedImage, prepare
from deepem.preprocessing.preview import make_preview
from deepem.preprocessing.resample import fourier_crop

__all__ = [
    "JunkMask",
    "PreparedImage",
    "clip_outliers",
    "find_junk",
    "fourier_crop",
    "local_mean_std",
    "make_preview",
    "prepare",
    "standardise",
]
