"""Atomic models against the exact projections of their atoms, and a map of the same atoms."""

import gzip
import sys

import mrcfile
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from deepem.errors import ConfigError, FileFormatError, MissingExtraError
from deepem.simulation import DensityMap, Specimen, draw_rotations, load_atomic_model

# Symbol, residue, position (x, y, z) in Å. No symmetry, unequal weights.
ATOMS = [
    ("C", "ALA", (1.0, 2.0, 3.0)),
    ("N", "ALA", (13.5, 2.5, -4.0)),
    ("O", "ALA", (9.0, 24.0, 8.0)),
    ("S", "CYS", (-20.0, 9.25, 21.0)),
    ("P", "PO4", (4.0, -17.0, -19.5)),
    ("ZN", "ZN", (26.0, -6.0, 30.0)),
]
ELECTRONS = {"C": 6, "N": 7, "O": 8, "S": 16, "P": 15, "ZN": 30}
LEFT_OUT = [("H", "ALA", (80.0, 0.0, 0.0)), ("O", "HOH", (0.0, 90.0, 0.0))]
TOTAL = sum(ELECTRONS.values())
ROTATIONS = [np.eye(3), *draw_rotations(3, rng=np.random.default_rng(4))]
# The first operator leaves in place; the second turns half about z and moves along z.
ASSEMBLY = """\
REMARK 350 BIOMOLECULE: 1
REMARK 350 APPLY THE FOLLOWING TO CHAINS: A
REMARK 350   BIOMT1   1  1.000000  0.000000  0.000000        0.00000
REMARK 350   BIOMT2   1  0.000000  1.000000  0.000000        0.00000
REMARK 350   BIOMT3   1  0.000000  0.000000  1.000000        0.00000
REMARK 350   BIOMT1   2 -1.000000  0.000000  0.000000        0.00000
REMARK 350   BIOMT2   2  0.000000 -1.000000  0.000000        0.00000
REMARK 350   BIOMT3   2  0.000000  0.000000  1.000000       45.00000
"""
# The same in mmCIF.
CIF_ASSEMBLY = """\
loop_
_pdbx_struct_assembly.id
_pdbx_struct_assembly.details
_pdbx_struct_assembly.method_details
_pdbx_struct_assembly.oligomeric_details
_pdbx_struct_assembly.oligomeric_count
1 author_defined_assembly ? dimeric 2
loop_
_pdbx_struct_assembly_gen.assembly_id
_pdbx_struct_assembly_gen.oper_expression
_pdbx_struct_assembly_gen.asym_id_list
1 1,2 A
loop_
_pdbx_struct_oper_list.id
_pdbx_struct_oper_list.type
""" + "".join(
    f"_pdbx_struct_oper_list.{part}\n"
    for row in "123"
    for part in (*(f"matrix[{row}][{column}]" for column in "123"), f"vector[{row}]")
)
CIF_ASSEMBLY += "1 'identity operation' 1 0 0 0 0 1 0 0 0 0 1 0\n"
CIF_ASSEMBLY += "2 'point symmetry operation' -1 0 0 0 0 -1 0 0 0 0 1 45\n"


def format_atom(serial, symbol, residue, position, *, alternative=" ", model_atom="ATOM"):
    name = symbol.rjust(2).ljust(4)
    x, y, z = position
    return (
        f"{model_atom:<6}{serial:5d} {name}{alternative}{residue:>3} A{serial:4d}    "
        f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00          {symbol:>2}\n"
    )


def make_pdb(atoms=(*ATOMS, *LEFT_OUT)):
    return "".join(format_atom(i + 1, *atom) for i, atom in enumerate(atoms)) + "END\n"


def make_cif(atoms=(*ATOMS, *LEFT_OUT)):
    names = "group_PDB id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id"
    names += " label_entity_id label_seq_id Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv"
    names += " auth_seq_id auth_asym_id pdbx_PDB_model_num"
    rows = [
        f"ATOM {i} {symbol} {symbol} . {residue} A 1 {i} {x} {y} {z} 1 20 {i} Q 1\n"
        for i, (symbol, residue, (x, y, z)) in enumerate(atoms, start=1)
    ]
    header = "".join(f"_atom_site.{name}\n" for name in names.split())
    return f"data_tiny\nloop_\n{header}{''.join(rows)}#\n"


def project_atoms(positions, weights, rotation, *, resolution, pixel, box):
    """The sum of the atoms' exact projections, their centre of mass in the middle."""
    positions, weights = np.array(positions, dtype=float), np.array(weights, dtype=float)
    atom = Specimen("atom", [[0, 0, 0]], resolution / (np.pi * np.sqrt(2)), diameter_angstrom=1)
    shifts = (positions - weights @ positions / weights.sum()) @ rotation.T / pixel
    return sum(
        weight * atom.project(rotation, pixel_size_angstrom=pixel, box_size_px=box, shift_px=(x, y))
        for weight, (x, y, _) in zip(weights, shifts, strict=True)
    )


def assert_projects_like(density_map, positions, weights, *, resolution):
    """Atoms that stand alone are the worst case: voxels show the flanks of their peaks badly."""
    for rotation in ROTATIONS:
        image = density_map.project(rotation, pixel_size_angstrom=2.0, box_size_px=80)
        expected = project_atoms(
            positions, weights, rotation, resolution=resolution, pixel=2.0, box=80
        )
        assert np.corrcoef(image.ravel(), expected.ravel())[0, 1] > 0.99
        assert np.vdot(image, expected) == pytest.approx(np.vdot(expected, expected), rel=0.02)
        np.testing.assert_allclose(image, expected, atol=0.12 * expected.max())


@pytest.mark.parametrize("resolution", [10.0, 15.0])
def test_model_projects_like_its_atoms(resolution, tmp_path):
    path = tmp_path / "tiny.pdb"
    path.write_text(make_pdb())
    tiny = load_atomic_model(path, resolution_angstrom=resolution)

    assert tiny.name == "tiny"
    assert tiny.voxel_size_angstrom == pytest.approx(resolution / 3)
    # Electrons: sharp Gaussians cut at 3.7 deviations lose less than a thousandth.
    electrons = tiny.density.sum(dtype=np.float64) * tiny.voxel_size_angstrom**3
    assert electrons == pytest.approx(TOTAL, rel=2e-3)
    positions = [position for _, _, position in ATOMS]
    weights = [ELECTRONS[symbol] for symbol, _, _ in ATOMS]
    assert_projects_like(tiny, positions, weights, resolution=resolution)


def test_cif_and_compressed_files_are_the_same_model(tmp_path):
    (tmp_path / "tiny.pdb").write_text(make_pdb())
    (tmp_path / "tiny.cif").write_text(make_cif())
    (tmp_path / "tiny.cif.gz").write_bytes(gzip.compress(make_cif().encode()))
    (tmp_path / "tiny.ent.gz").write_bytes(gzip.compress(make_pdb().encode()))
    expected = load_atomic_model(tmp_path / "tiny.pdb").density
    for name in ("tiny.cif", "tiny.cif.gz", "tiny.ent.gz"):
        model = load_atomic_model(tmp_path / name)
        assert model.name == "tiny"
        np.testing.assert_allclose(model.density, expected, atol=1e-6 * expected.max())


def test_first_model_and_first_conformation_are_taken(tmp_path):
    conformations = format_atom(90, "O", "SER", (9.0, 24.0, 8.0), alternative="A")
    conformations += format_atom(90, "O", "SER", (50.0, 24.0, 8.0), alternative="B")
    others = [atom for atom in ATOMS if atom[0] != "O"]
    one = make_pdb(others).replace("END\n", conformations)
    (tmp_path / "one.pdb").write_text(
        f"MODEL        1\n{one}ENDMDL\nMODEL        2\n{make_pdb()}ENDMDL\n"
    )
    (tmp_path / "tiny.pdb").write_text(make_pdb())

    models = [load_atomic_model(tmp_path / name) for name in ("one.pdb", "tiny.pdb")]
    np.testing.assert_allclose(models[0].density, models[1].density, atol=1e-7)


def test_assembly_is_built_unless_told_otherwise(tmp_path):
    path = tmp_path / "dimer.pdb"
    path.write_text(ASSEMBLY + make_pdb())
    dimer = load_atomic_model(path)
    alone = load_atomic_model(path, as_assembly=False)

    positions = [position for _, _, position in ATOMS]
    weights = [ELECTRONS[symbol] for symbol, _, _ in ATOMS]
    turned = [(-x, -y, z + 45) for x, y, z in positions]
    assert_projects_like(dimer, positions + turned, weights * 2, resolution=10)
    assert_projects_like(alone, positions, weights, resolution=10)
    # Its chains are the ones of the label, here A, which the author calls Q.
    cif = tmp_path / "dimer.cif"
    cif.write_text(make_cif().replace("data_tiny\n", f"data_tiny\n{CIF_ASSEMBLY}"))
    density = load_atomic_model(cif).density
    np.testing.assert_allclose(density, dimer.density, atol=1e-6 * dimer.density.max())


def test_diameter_is_measured_or_said(tmp_path):
    path = tmp_path / "row.pdb"
    # A row of carbons 100 Å long, along a diagonal.
    steps = np.arange(0, 101, 4) / np.sqrt(3)
    path.write_text(make_pdb([("C", "ALA", (step, step, step)) for step in steps]))

    assert load_atomic_model(path).diameter_angstrom == pytest.approx(100, abs=10)
    assert load_atomic_model(path, diameter_angstrom=120).diameter_angstrom == 120


def test_real_model_is_like_the_map_of_its_atoms(shared_data):
    maps = shared_data.parent / "maps"
    if not (maps / "t20s_3j9i.pdb.gz").is_file():
        pytest.skip("the proteasome is not here")
    # The map has 10 Å and voxels of 3 Å; coarser ones are faster.
    model = load_atomic_model(maps / "t20s_3j9i.pdb.gz", resolution_angstrom=20)
    with mrcfile.open(maps / "t20s_3j9i_3A.mrc") as file:
        sigma_voxels = np.sqrt(20**2 - 10**2) / (np.pi * np.sqrt(2)) / 3
        blurred = gaussian_filter(file.data, sigma_voxels)
    density_map = DensityMap("t20s", blurred[::2, ::2, ::2], 6.0)

    assert model.name == "t20s_3j9i"
    assert model.diameter_angstrom == pytest.approx(density_map.diameter_angstrom, abs=8)
    images, expected = (
        [one.project(turn, pixel_size_angstrom=4.0, box_size_px=60).ravel() for turn in ROTATIONS]
        for one in (model, density_map)
    )
    for index in range(len(ROTATIONS)):
        assert np.corrcoef(images[index], expected[index])[0, 1] > 0.995
        assert np.corrcoef(images[index], expected[index - 1])[0, 1] < 0.95


@pytest.mark.parametrize(
    ("name", "content", "cure"),
    [
        ("water.pdb", make_pdb(LEFT_OUT), "holds no atoms but hydrogens and waters; give"),
        ("text.pdb", "not a model\n", "holds no atoms"),
        ("text.cif", "not a model\n", "is no PDB or mmCIF file .*give a .pdb"),
        ("empty.cif", "data_x\n_cell.length_a 1\n", "holds no atoms"),
        ("tiny.txt", make_pdb(), "is no PDB or mmCIF file .*give a .pdb, .ent, .cif"),
        ("cut.pdb", make_pdb()[:200], "is no PDB or mmCIF file .*download it again"),
    ],
)
def test_what_is_no_model_is_refused_with_the_cure(name, content, cure, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(FileFormatError, match=f"{name}: {cure}"):
        load_atomic_model(tmp_path / name)


def test_what_is_no_file_is_refused_with_the_cure(tmp_path):
    (tmp_path / "folder.pdb").mkdir()
    with pytest.raises(FileFormatError, match=r"gone.pdb: does not exist; check the name"):
        load_atomic_model(tmp_path / "gone.pdb")
    with pytest.raises(FileFormatError, match=r"folder.pdb: is a folder"):
        load_atomic_model(tmp_path / "folder.pdb")


def test_lengths_that_cannot_work_are_refused_with_the_cure(tmp_path):
    path = tmp_path / "tiny.pdb"
    path.write_text(make_pdb([*ATOMS, ("C", "ALA", (900.0, 0.0, 0.0))]))
    for field in ("resolution_angstrom", "diameter_angstrom"):
        with pytest.raises(ConfigError, match=f"{field}: must be greater than 0 Å, got -1"):
            load_atomic_model(path, **{field: -1})
    # 920 Å in 500 voxels of a third of the resolution.
    with pytest.raises(ConfigError, match=r"resolution_angstrom: 3 is too fine .*use 5.6 or more"):
        load_atomic_model(path, resolution_angstrom=3)


def test_without_gemmi_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'deepem\[models\]'"):
        load_atomic_model(tmp_path / "tiny.pdb")
