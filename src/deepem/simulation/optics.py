"""What the microscope does to an image: the contrast transfer function, by torch-ctf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from torch_ctf import calculate_ctf_2d

from deepem.errors import ConfigError


@dataclass(frozen=True)
class Optics:
    """The microscope and its focus for one micrograph.

    Parameters
    ----------
    defocus_um
        Mean defocus in µm, positive is underfocus.
    astigmatism_um
        Half the difference of the largest and the smallest defocus in µm, 0 or more.
    astigmatism_angle_deg
        Direction of the largest defocus, from the x axis (columns) towards y (rows), in degrees.
    voltage_kv
        Acceleration voltage in kV.
    spherical_aberration_mm
        Spherical aberration in mm.
    amplitude_contrast_fraction
        Share of amplitude contrast, from 0 to below 1.
    b_factor_angstrom2
        B of the envelope exp(-B k² / 4), k the spatial frequency in 1/Å; in Å², 0 or more.

    Raises
    ------
    ConfigError
        A value is outside its range.
    """

    defocus_um: float = 1.5
    astigmatism_um: float = 0.0
    astigmatism_angle_deg: float = 0.0
    voltage_kv: float = 300.0
    spherical_aberration_mm: float = 2.7
    amplitude_contrast_fraction: float = 0.1
    b_factor_angstrom2: float = 100.0

    def __post_init__(self) -> None:
        # torch-ctf would answer these with NaN.
        if not self.astigmatism_um >= 0:
            raise ConfigError(
                "astigmatism_um",
                f"must be 0 or more, got {self.astigmatism_um:g}; "
                "make it positive and add 90 to astigmatism_angle_deg",
            )
        if not 0 <= self.amplitude_contrast_fraction < 1:
            raise ConfigError(
                "amplitude_contrast_fraction",
                f"must be from 0 to below 1, got {self.amplitude_contrast_fraction:g}; "
                "0.1 is usual",
            )
        if not self.voltage_kv > 0:
            raise ConfigError(
                "voltage_kv", f"must be greater than 0, got {self.voltage_kv:g}; 300 is usual"
            )
        if not self.b_factor_angstrom2 >= 0:
            raise ConfigError(
                "b_factor_angstrom2",
                f"must be 0 or more, got {self.b_factor_angstrom2:g}; a positive B blurs",
            )


def calculate_ctf(
    optics: Optics, shape: tuple[int, int], *, pixel_size_angstrom: float
) -> NDArray[np.float32]:
    """Calculate the contrast transfer function, with its envelope, on the grid of ``rfft2``.

    Parameters
    ----------
    optics
        The microscope and its focus.
    shape
        Shape ``(ny, nx)`` of the image.
    pixel_size_angstrom
        Size of a pixel in Å.

    Returns
    -------
    NDArray
        Shape ``(ny, nx // 2 + 1)``, from -1 to 1; at zero frequency it is the amplitude contrast,
        and from there it rises with underfocus.
    """
    ctf: NDArray[np.float32] = calculate_ctf_2d(
        defocus=optics.defocus_um,
        astigmatism=optics.astigmatism_um,
        # Measured from x, whatever the docstring of torch-ctf 0.6 says; a test holds it.
        astigmatism_angle=optics.astigmatism_angle_deg,
        voltage=optics.voltage_kv,
        spherical_aberration=optics.spherical_aberration_mm,
        amplitude_contrast=optics.amplitude_contrast_fraction,
        phase_shift=0.0,
        pixel_size=pixel_size_angstrom,
        image_shape=shape,
        rfft=True,
        fftshift=False,
    ).numpy()
    frequency_y = fft.fftfreq(shape[0], pixel_size_angstrom)[:, np.newaxis]
    frequency_x = fft.rfftfreq(shape[1], pixel_size_angstrom)
    envelope = np.exp(-optics.b_factor_angstrom2 / 4 * (frequency_y**2 + frequency_x**2))
    ctf *= envelope.astype(np.float32)
    return ctf


def apply_ctf(
    image: NDArray[np.float32], optics: Optics, *, pixel_size_angstrom: float
) -> NDArray[np.float32]:
    """Turn projected density into the contrast that the microscope records.

    Parameters
    ----------
    image
        Projected density above the ice, shape ``(ny, nx)``. It is taken as periodic: leave an
        empty rim, or what spreads over one edge comes back at the opposite one.
    optics
        The microscope and its focus.
    pixel_size_angstrom
        Size of a pixel in Å.

    Returns
    -------
    NDArray
        Contrast around 0, shape ``(ny, nx)``. Density is dark in underfocus, as in a raw
        micrograph.

    Notes
    -----
    The weak-phase approximation (J. Frank, Three-Dimensional Electron Microscopy of Macromolecular
    Assemblies, 2006, chapter 2): the contrast is linear in the projected density.
    """
    ctf = calculate_ctf(optics, image.shape, pixel_size_angstrom=pixel_size_angstrom)
    # The minus makes density dark: torch-ctf's CTF is positive where underfocus begins.
    contrast: NDArray[np.float32] = fft.irfft2(-ctf * fft.rfft2(image), s=image.shape)
    return contrast
