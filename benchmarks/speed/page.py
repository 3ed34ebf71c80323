"""The page on speed: every part that was measured, with when and on what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speed.part import Part, Result

_HEAD = """\
# Speed

Measured with `python benchmarks/bench_speed.py PART`, a part at a time, and put together with
`python benchmarks/bench_speed.py page`. Below each heading: when, at which commit, on what, and how
much of all processors other programs used meanwhile. Figures are compared with a yardstick of the
same run, measured in turn with them.

**The yardstick** is reading the file into an array (`np.array(memmap, float32)`) and one cropped
Fourier transform of it by scipy (`rfft2`, crop, `irfft2`) with the same number of threads, in a
process that uses its memory again, as picking does. It varied by a fifth between tables, though
nobody else was at work on the (virtual) machine: compare ratios, not seconds.
**The files** are in the system's memory of files (page cache); what a disk or a file server has to
deliver is on another page ([scale](../concepts/scale.md)).
**Micrographs** are simulated, float32, crowded, with some ice, contaminants and aggregates; or
apoferritin (EMPIAR-10146, 1240 x 1200, uint16). Diameters are in unbinned pixels.
**The model** is the default network, trained for 150 updates: as fast as a fully trained one, and
not as good. Random weights have ten times as many peaks, which takes time that picking does not.
A target is compared with the figure as measured, not as rounded.
"""

_ABOUT = {
    "fast": (
        "Picks of the test micrographs of two real sets at the model's threshold, the default "
        "network fully trained on the others, in single precision and in bfloat16; picks within "
        "3 px of each other are the same."
    ),
    "stages": (
        "Milliseconds of one process, from the file to its coordinate files: medians, and the "
        "median of the ratios. «Prepare» is reading, Fourier crop and normalisation; «rest of "
        "scan» is what `Picker.scan` does beside; «checksum» reads the file through so that it "
        "is recognised when a run is resumed; «write» is all files; `--fast` is bfloat16; "
        "«others» is what other programs used of all processors. Wanted: the whole at most twice "
        "the yardstick on two cores at 4096, 0.1 s at 1240 x 1200."
    ),
    "command": (
        "`deepem pick` with `--workers 1 --threads 1` and with `--workers 2 --threads 2`, in turn, "
        "twice; the files are hard links to a few distinct ones. «Micrographs/s» is from the "
        "first to the last result; «with start-up» all files by the whole time of the command. "
        "The yardstick is measured between the runs, with as many threads as the row has workers."
    ),
    "topaz": (
        "`topaz preprocess -s N` and `topaz extract` (topaz-em of PyPI with the CPU's torch), "
        "pretrained default network (resnet16, 64 units), at the scale that leaves the particle "
        "about 21 pixels, two threads; `deepem pick --threads 2`. «Each more» is the time of all "
        "files less that of one, so that no start-up is in it; ours «sustained» is that of 100 "
        "files, the same ones again and again."
    ),
    "backends": (
        "Apoferritin, one thread a worker, each backend in turn, with workers that have started. "
        "Dask is a LocalCluster of two processes; its scheduler runs in the client's process. The "
        "processor time of that process has in it what an idle cluster takes, some hundredths of "
        "a core."
    ),
    "startup": (
        "Seconds of whole commands, one after the other in each round: median, fastest, and the "
        "median of the ratios within each round. The micrograph has 512 x 512 pixels."
    ),
    "klh": (
        "The paper's network for KLH (box 272, kernels 51 21 10), unbinned, four orientations, on "
        "real KLH of 2048 x 2048, seconds. It is untrained, which costs the network nothing; "
        "«candidates» shows whether peaks do."
    ),
    "gpu": (
        "Milliseconds at 4096 x 4096, as in the table of stages; the network alone runs there."
    ),
    "large": "What [scale](../concepts/scale.md) counts with.",
}


def write_page(parts: Mapping[str, Part], kept: Mapping[str, Result]) -> str:
    """The page of those parts that were measured.

    Parameters
    ----------
    parts
        All parts in their order.
    kept
        What was kept of each, by its name.
    """
    lines = [_HEAD]
    for name, part in parts.items():
        if name not in kept:
            continue
        lines += [f"## {part.title}", "", _ABOUT[name], "", _describe(kept[name]["head"]), ""]
        lines += part.render(kept[name]["result"])
        if name == "stages":
            lines += _tell_profile(kept[name]["result"])
    return "\n".join(lines).rstrip() + "\n"


def _describe(head: Mapping[str, Any]) -> str:
    quick = " **Quick run: shows only that it runs.**" if head["quick"] else ""
    return (
        f"`{head['command']}`, {head['date']}, commit {head['commit']}; {head['machine']}; others "
        f"used {100 * head['others']:.1f} % of the processors.{quick}"
    )


def _tell_profile(result: Result) -> list[str]:
    """Where the time went before, and where it goes."""
    rows = {(row["size"], row["diameter"], row["threads"]): row for row in result["rows"]}
    row = rows.get(("4096", "64", 2))
    if row is None:
        return []
    now = {name: 1000 * value for name, value in row["seconds"].items()}
    return [
        "**Where the time went, and goes.** A 4096 x 4096 micrograph of noise with particles of "
        "64 px took 1130 ms with two threads at commit c217e85, when the default was the network "
        "of boxes, binned twice, in four orientations: 803 ms were the scan, 231 ms reading and "
        "preparing, 72 ms peaks; nobody looked for junk, and no files were written. Now a crowded "
        f"one takes {now['whole']:.0f} ms with two threads in one process, files and all: scan "
        f"{now['scan']:.0f} ms, reading and preparing {now['prepare']:.0f}, peaks "
        f"{now['peaks']:.0f}, junk {now['junk']:.0f}, checksum "
        f"{now['checksum']:.0f}, files {now['write']:.0f}.",
        "",
    ]
