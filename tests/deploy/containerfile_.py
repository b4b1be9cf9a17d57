"""A container file's steps, carried out below a folder instead of by an engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from setup import find_uv


@dataclass
class Image:
    """What a stage leaves behind: a root folder below which its absolute paths lie."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    user: str = "0"

    def inside(self, text: str) -> str:
        """Return a text with the image's absolute paths below the root."""
        return re.sub(r"(?<![\w.])/(opt|var|src)\b", rf"{self.root}/\1", text)


def instructions(file: Path) -> list[tuple[str, str]]:
    """Return each instruction and its arguments."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def build(file: Path, context: Path, root: Path) -> Image:
    """Carry out every step and return the last stage; each stage begins with an empty folder."""
    stages: dict[str, Image] = {}
    image = Image(root)
    for word, rest in instructions(file):
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "last"
            image = stages[name] = Image(root / name)
            image.root.mkdir(parents=True)
        else:
            _step(image, word, rest, context, stages)
    return image


def _step(image: Image, word: str, rest: str, context: Path, stages: dict[str, Image]) -> None:
    match word:
        case "ENV":
            name, _, value = rest.partition("=")
            image.environ[name] = image.inside(value)
        case "WORKDIR":
            image.folder = rest
            Path(image.inside(rest)).mkdir(parents=True)
        case "COPY":
            _copy(image, rest.split(), context, stages)
        case "RUN":
            _run(image, rest)
        case "USER":
            image.user = rest
        case "ENTRYPOINT":
            image.entry = json.loads(rest)
        case "CMD":
            image.command = json.loads(rest)
        case "VOLUME" | "EXPOSE" | "STOPSIGNAL" | "HEALTHCHECK":
            pass
        case _:
            raise AssertionError(f"the test does not know {word}")


def _copy(image: Image, words: list[str], context: Path, stages: dict[str, Image]) -> None:
    if words[0].startswith("--from="):
        stage = stages[words.pop(0).removeprefix("--from=")]
        # Its scripts name the folder they were made for, so the link stands for the same folder.
        target = Path(image.inside(words[1]))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(stage.inside(words[0]))
        return
    *sources, target_name = words
    folder = Path(image.inside(image.folder))
    for source in sources:
        target = folder / (source if target_name == "./" else target_name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if (context / source).is_dir():
            shutil.copytree(context / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(context / source, target)


def _run(image: Image, line: str) -> None:
    if line.startswith("useradd "):
        return  # this machine's users are not the test's to change
    if line == "pip install --no-cache-dir uv":
        return  # it is what runs the next step; here it is there already
    line = line.replace("-o 10001 ", f"-o {os.getuid()} ")
    environ = {**os.environ, **image.environ, "UV_PYTHON": sys.executable}
    environ["PATH"] = f"{Path(find_uv() or '').parent}:{environ['PATH']}"
    environ.pop("VIRTUAL_ENV", None)
    if line.startswith("install "):
        (image.root / "var/lib").mkdir(parents=True, exist_ok=True)
    subprocess.run(  # noqa: S602 - a shell is what RUN is
        image.inside(line),
        shell=True,
        cwd=Path(image.inside(image.folder)),
        env=environ,
        check=True,
        capture_output=True,
    )
