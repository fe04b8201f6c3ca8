# SPDX-License-Identifier: Apache-2.0
"""Compressors with estimators: names, bounds, sharing, refusals and what the theory promises."""

import dataclasses

import numpy as np
import pytest

import mibench
from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.compress import autoencoder
from mibench.estimators.compress.autoencoder import AE
from mibench.estimators.compress.compose import Compressed
from mibench.estimators.compress.oracle import Oracle
from mibench.estimators.compress.pca import PCA

QUICK = "ae[steps=200,hidden=64,batch=200]"


def sample(name, n=1000, rng=0):
    task = mibench.tasks.get(name)
    return task, task.sample(n, rng)


def test_names_build_what_they_say():
    assert mibench.estimators.get("ae[latent_dim=2]+wkl[k=7]") == Compressed(
        AE(latent_dim=2), mibench.estimators.get("wkl[k=7]")
    )
    nested = mibench.estimators.get("pca[dim=8]+ae+ksg")
    assert isinstance(nested.compressor, PCA)
    assert isinstance(nested.estimator.compressor, AE)


def test_an_autoencoder_keeps_the_information_of_blobs():
    _, data = sample("blobs[mi=1]", 1000)
    found = mibench.estimate(data.x, data.y, f"{QUICK}+ksg", side=data.side)
    known = mibench.estimate(data.x, data.y, "oracle+ksg", side=data.side)
    assert found.mi == pytest.approx(known.mi, abs=0.12)
    assert found.diagnostics["latent_dim_x"] == found.diagnostics["latent_dim_y"] == 2
    assert found.diagnostics["held_out_loss_x"] < 0.1


def test_pca_fails_where_an_autoencoder_does_not():
    task, data = sample("anti-pca[mi=2]", 2000)
    assert mibench.estimate(data.x, data.y, "pca[dim=2]+ksg").mi < 0.5
    assert mibench.estimate(data.x, data.y, f"{QUICK}+ksg").mi > 0.7 * task.truth.mi


def test_the_convolutional_autoencoder_reconstructs_and_keeps_information():
    _, data = sample("blobs[mi=2]", 600)
    found = mibench.estimate(data.x, data.y, "ae[architecture=conv,steps=120,batch=100,latent_dim=2]+ksg")
    assert found.diagnostics["held_out_loss_x"] < 0.3
    assert 1.0 < found.mi < 2.5


def test_an_autoencoder_is_deterministic_and_heeds_its_seed():
    _, data = sample("blobs[mi=1]", 300)
    first, again, other = (
        mibench.estimate(data.x, data.y, "ae[steps=30,latent_dim=2]+ksg", rng=seed).mi for seed in (1, 1, 2)
    )
    assert first == again != other


def test_independent_images_share_nothing():
    _, data = sample("blobs[mi=0]", 1000)
    assert mibench.estimate(data.x, data.y, f"{QUICK}+ksg").mi == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ae[latent_dim=0]+ksg", "latent_dim is 0; give 'auto' or a whole number"),
        ("ae[architecture=rnn]+ksg", "architecture is 'rnn'; give 'dense' or 'conv'"),
        ("ae[steps=2.5]+ksg", "steps is 2.5; give a whole number, 10 or more"),
        ("ae[noise=-1]+ksg", "noise is -1; give a number of at least 0"),
        ("ae[learning_rate=0]+ksg", "learning_rate is 0; give a number above 0"),
        ("ae[layers=3]+ksg", "no parameter 'layers'"),
        ("pca[dim=0]+ksg", "dim is 0; give 'auto' or a whole number of components"),
    ],
)
def test_bad_parameters_are_named(name, message):
    with pytest.raises(InputError, match=message):
        mibench.estimators.get(name)


def test_a_compressor_that_diverges_says_so():
    _, data = sample("blobs[mi=1]", 300)
    with pytest.raises(Unsupported, match=r"training on x did not converge.*lower learning_rate"):
        mibench.estimate(data.x, data.y, "ae[learning_rate=1e9,steps=20,latent_dim=2]+ksg")


def test_more_latents_than_features_and_too_few_samples_are_refused():
    x = np.random.default_rng(0).standard_normal((200, 2))
    with pytest.raises(InputError, match="latent_dim is 3 and x has 2 features"):
        mibench.estimate(x, x + 1, "ae[latent_dim=3]+ksg")
    with pytest.raises(InputError, match="99 samples were given and an autoencoder needs at least 100"):
        mibench.estimate(x[:99], x[:99], "ae+ksg")
    with pytest.raises(Unsupported, match="needs images"):
        mibench.estimate(x, x, "ae[architecture=conv,latent_dim=1]+ksg")
    with pytest.raises(InputError, match="dim is 3 and x has 2 components"):
        mibench.estimate(x, x, "pca[dim=3]+ksg")


def test_the_oracle_reads_latents_or_says_what_is_missing():
    _, data = sample("rectangles[mi=1]", 500)
    direct = mibench.estimate(data.side["latent_x"], data.side["latent_y"], "ksg").mi
    assert mibench.estimate(data.x, data.y, "oracle+ksg", side=data.side).mi == pytest.approx(direct)
    with pytest.raises(Unsupported, match="the sample declares no latent_x and no latent_y"):
        mibench.estimate(data.x, data.y, "oracle+ksg")
    with pytest.raises(InputError, match="latent_x has 10 rows and there are 500 samples"):
        Oracle().compress(data.x, data.y, rng=np.random.default_rng(), side={**data.side, "latent_x": np.ones((10, 4))})


@pytest.mark.parametrize("dim", ["auto", 3, 5])
@pytest.mark.parametrize("estimator", ["gaussian", "ksg"])
def test_bounds_enclose_the_information_of_noisy_fields(dim, estimator):
    task, data = sample("fields[size=8,mi=2]", 2000)
    found = mibench.estimate(data.x, data.y, f"pca[dim={dim}]+{estimator}", side=data.side)
    low, high = found.bounds
    assert low < task.truth.mi < high
    kept = int(found.diagnostics["dim_x"])
    _, sharper = task.loss_bounds(kept)
    assert sharper - 0.02 < found.diagnostics["loss_bound_x"] < 1.15 * sharper + 0.05
    assert found.diagnostics["loss_bound_x"] <= found.diagnostics["corollary4_x"]


def test_bounds_without_the_clean_images_are_looser_but_hold():
    task, data = sample("fields[size=8,mi=2]", 2000)
    blind = mibench.estimate(data.x, data.y, "pca[dim=4]+gaussian", side={"noise_std": data.side["noise_std"]})
    seeing = mibench.estimate(data.x, data.y, "pca[dim=4]+gaussian", side=data.side)
    assert blind.bounds[0] < task.truth.mi < blind.bounds[1]
    assert blind.diagnostics["loss_bound_x"] > seeing.diagnostics["loss_bound_x"]


def test_no_known_noise_no_bounds_and_a_bad_level_is_named():
    _, data = sample("fields[size=8,mi=2]", 300)
    assert mibench.estimate(data.x, data.y, "pca[dim=4]+gaussian").bounds is None
    with pytest.raises(InputError, match="noise_std is -1"):
        mibench.estimate(data.x, data.y, "pca+gaussian", side={"noise_std": -1})


@dataclasses.dataclass(frozen=True)
class HalfTheTruth:
    """Half of the log-determinant estimate: an estimator with a large bias downward."""

    version = 1

    def estimate(self, x, y, *, rng=None, side=None):
        mi = 0.5 * mibench.estimate(x, y, "gaussian").mi
        return Estimate(mi, 0.01)


def test_bounds_allow_for_the_bias_that_the_estimator_shows_on_normal_data():
    task, data = sample("fields[size=8,mi=2]", 2000)
    found = Compressed(PCA(), HalfTheTruth()).estimate(data.x, data.y, side=data.side)
    assert found.mi == pytest.approx(1, abs=0.15)
    assert found.bounds[0] < task.truth.mi < found.bounds[1]
    assert found.diagnostics["estimator_bias_on_normal"] == pytest.approx(-1, abs=0.15)


@dataclasses.dataclass(frozen=True)
class Bounded:
    """States bounds on the information of what it is given."""

    version = 1

    def estimate(self, x, y, *, rng=None, side=None):
        return Estimate(1.0, bounds=(0.9, 1.1))


def test_bounds_on_the_codes_are_not_passed_off_as_bounds_on_the_data():
    _, data = sample("gaussian[dim_x=3]", 200)
    assert Compressed(PCA(dim=1), Bounded()).estimate(data.x, data.y).bounds is None


def test_bounds_for_sides_that_determine_each_other_are_refused():
    _, data = sample("fields[size=8]", 300)
    with pytest.raises(Unsupported, match="determine each other"):
        Compressed(PCA(dim=2), Bounded()).estimate(data.x, data.x, side={"noise_std": 0.2})


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MIBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_estimators_on_one_sample_share_one_training(cache, monkeypatch):
    _, data = sample("blobs[mi=1]", 300)
    name = "ae[steps=30,latent_dim=2]"
    first = mibench.estimate(data.x, data.y, f"{name}+ksg", rng=1)
    assert "shared_seconds" not in first.diagnostics
    monkeypatch.setattr(autoencoder, "train", None)
    second = mibench.estimate(data.x, data.y, f"{name}+kl", rng=1)
    assert second.diagnostics["shared_seconds"] > 0
    assert second.diagnostics["shared_peak_mb"] > 0
    assert second.diagnostics["held_out_loss_x"] == first.diagnostics["held_out_loss_x"]
    for x, rng, other in ((data.x[::-1], 1, name), (data.x, 2, name), (data.x, 1, "ae[steps=31,latent_dim=2]")):
        with pytest.raises(TypeError, match="NoneType"):
            mibench.estimate(x, data.y, f"{other}+ksg", rng=rng)


def test_pca_never_mistakes_one_noise_level_for_another(cache):
    _, data = sample("fields[size=8]", 500)
    low, high = (
        mibench.estimate(data.x, data.y, "pca[dim=2]+ksg", rng=1, side={"noise_std": s}).bounds[1] for s in (0.5, 0.2)
    )
    assert low < high


def test_a_torn_or_unwritable_cache_costs_time_only(cache, tmp_path):
    _, data = sample("blobs[mi=1]", 300)
    first = mibench.estimate(data.x, data.y, "ae[steps=20,latent_dim=2]+ksg", rng=1).mi
    (stored,) = cache.glob("*.npz")
    stored.write_bytes(stored.read_bytes()[:100])
    assert mibench.estimate(data.x, data.y, "ae[steps=20,latent_dim=2]+ksg", rng=1).mi == first
    for path in cache.iterdir():
        path.unlink()
    cache.rmdir()
    cache.write_text("a file where the folder should be")
    assert mibench.estimate(data.x, data.y, "ae[steps=20,latent_dim=2]+ksg", rng=1).mi == first
