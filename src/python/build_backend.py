"""Makes a wheel or a source archive of the package with the standard library alone (PEP 517), so that
`pip install ./src/python` fetches nothing."""

import base64
import hashlib
import io
import pathlib
import tarfile
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
STEM = f"{PROJECT['name']}-{PROJECT['version']}"
TAG = "py3-none-any"
# The archives hold no time of their own, so that the same tree gives the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


def _metadata() -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {PROJECT['name']}", f"Version: {PROJECT['version']}",
             f"Summary: {PROJECT['description']}", f"License: {PROJECT['license']['text']}",
             f"Requires-Python: {PROJECT['requires-python']}", "Description-Content-Type: text/markdown"]
    lines += [f"Classifier: {name}" for name in PROJECT["classifiers"]]
    return "\n".join(lines) + "\n\n" + (HERE / PROJECT["readme"]).read_text("utf-8")


def _package_files() -> list[pathlib.Path]:
    package = HERE / PROJECT["name"]
    return sorted(path for path in package.rglob("*") if path.suffix == ".py" or path.name == "py.typed")


def _write_wheel(directory: str, files: dict[str, bytes]) -> str:
    info = f"{STEM}.dist-info"
    files[f"{info}/METADATA"] = _metadata().encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: shoalcast\nRoot-Is-Purelib: true\nTag: {TAG}\n".encode()
    rows = []
    for name, raw in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(raw)}\n")
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    name = f"{STEM}-{TAG}.whl"
    with zipfile.ZipFile(pathlib.Path(directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, raw in files.items():
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, raw, zipfile.ZIP_DEFLATED)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, {path.relative_to(HERE).as_posix(): path.read_bytes()
                                          for path in _package_files()})


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, {f"_{PROJECT['name']}.pth": f"{HERE}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    name = f"{STEM}.tar.gz"
    others = [HERE / "pyproject.toml", HERE / "build_backend.py", HERE / PROJECT["readme"]]
    files = {path.relative_to(HERE).as_posix(): path.read_bytes() for path in [*others, *_package_files()]}
    files["PKG-INFO"] = _metadata().encode()
    with tarfile.open(pathlib.Path(sdist_directory) / name, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path, raw in sorted(files.items()):
            entry = tarfile.TarInfo(f"{STEM}/{path}")
            entry.size, entry.mode = len(raw), 0o644
            archive.addfile(entry, io.BytesIO(raw))
    return name
