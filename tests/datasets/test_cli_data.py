# SPDX-License-Identifier: Apache-2.0
"""``mibench data``: what is listed, what is fetched, and the code it ends with."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from mibench.cli import main
from mibench.datasets import fetch as fetching
from mibench.datasets import places, sets
from mibench.datasets.published import FILES, PUBLISHED

pytestmark = pytest.mark.usefixtures("nowhere")


@pytest.fixture
def files(tmp_path, make, publish):
    return publish(make(tmp_path / "published", 9, 4), "mnist")


def mibench(*arguments):
    result = CliRunner().invoke(main, ["data", *map(str, arguments)], prog_name="mibench")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def listed(*arguments):
    result = mibench("list", "--json", *arguments)
    assert result.exit_code == 0
    found = json.loads(result.output)
    return {line.pop("name"): line for line in found["sets"]}, found["looked_in"]


def test_from_nothing_to_a_set_that_is_found(files, serve):
    before = mibench("list").output
    assert "mnist                         not here: mibench data fetch mnist\n" in before
    assert "digits         1437 + 360     scikit-learn: 8 x 8, enlarged; not checked\n" in before
    result = mibench("fetch", "mnist", "--mirror", serve(files).address)
    assert result.exit_code == 0
    assert result.output.endswith(f"mnist: {places.cache() / 'mnist'}\n")
    assert result.output.count("its contents are right") == 4
    after = mibench("list").output
    assert f"mnist          9 + 4          {places.cache() / 'mnist'}: contents are right\n" in after
    again = mibench("fetch", "mnist")
    assert (again.exit_code, again.output.count("\n")) == (0, 2)
    assert sets.default() == "mnist"


def test_a_list_for_programs(files, tmp_path, monkeypatch):
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "published"))
    found, looked = listed()
    assert list(found) == list(sets.NAMES)
    assert found["mnist"] == {
        "title": "MNIST",
        "train": 9,
        "test": 4,
        "where": str(tmp_path / "published"),
        "checked": True,
        "contents": "contents are right",
    }
    assert (found["fashion-mnist"]["where"], found["fashion-mnist"]["train"]) == (None, None)
    assert (found["digits"]["train"], found["digits"]["checked"]) == (1437, False)
    assert looked == [f"{tmp_path / 'published'} (MIBENCH_DATA)", f"{places.cache()} (the cache)"]


def test_a_damaged_set_is_listed_as_that(files, tmp_path):
    (tmp_path / "published" / FILES[1]).write_bytes(b"")
    found, looked = listed("--data", tmp_path / "published")
    assert (found["mnist"]["checked"], found["mnist"]["train"]) == (False, None)
    assert "train-labels-idx1-ubyte holds 0 bytes" in found["mnist"]["contents"]
    assert looked[0] == f"{tmp_path / 'published'} (given)"
    refused = mibench("list", "--data", tmp_path / "nothing")
    assert (refused.exit_code, refused.output.count("\n")) == (2, 1)
    assert "there is no folder" in refused.output


def test_a_folder_that_is_not_looked_in_is_said_to_be_that(files, serve, tmp_path):
    address = serve(files).address
    result = mibench("fetch", "mnist", "--to", tmp_path / "to", "--mirror", address)
    assert result.output.endswith(
        f"to have it found, set MIBENCH_DATA to {tmp_path / 'to'}, or give --data {tmp_path / 'to'}\n"
    )
    os.environ[places.VARIABLE] = str(tmp_path / "to")
    assert "to have it found" not in mibench("fetch", "mnist", "--to", tmp_path / "to").output
    shutil.rmtree(tmp_path / "to")
    assert "to have it found" not in mibench("fetch", "mnist", "--to", tmp_path / "to", "--mirror", address).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mnist"],
            "mibench: MNIST could not be fetched, train-images-idx3-ubyte.gz failed: http://127.0.0.1:9/none/ ",
        ),
        (["mnits"], "no data set 'mnits' to fetch: there are mnist, fashion-mnist; did you mean"),
        (["digits"], "digits come with scikit-learn"),
        (["mnist", "--mirror", "here"], "mirror 'here' is no address"),
        (["mnist", "--to", ""], "'' is no path"),
        ([], "Missing argument 'NAME'"),
    ],
)
def test_what_cannot_be_fetched_is_named(arguments, message):
    result = mibench("fetch", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_mirror_that_is_given_comes_first(files, serve, monkeypatch):
    asked = []
    monkeypatch.setattr(fetching, "fetch", lambda name, to, *, mirrors, **_: asked.extend(mirrors) or places.cache())
    mibench("fetch", "mnist", "--mirror", "https://a/", "--mirror", "https://b/")
    assert asked == ["https://a/", "https://b/", *PUBLISHED["mnist"].mirrors]


def test_interrupted(files, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "fetch", stop)
    result = mibench("fetch", "mnist")
    assert result.exit_code == 130
    assert "what has come is kept, and the same command goes on" in result.output


@pytest.mark.parametrize("arguments", [["data", "--help"], ["data", "fetch", "--help"], ["data", "list", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from mibench.cli import main; main(sys.argv[1:], standalone_mode=False)\n"
        "print(sorted({'numpy', 'requests', 'rich', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
