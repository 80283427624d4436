"""Scalings, against closed forms and recorded values of another library."""

import numpy as np
import pytest

from nemo.collections.common.tokenizers.scaling import SCALINGS, YeoJohnsonScaling, scaling_kind

VALUES = np.array([-3.0, -1.0, -0.5, 0.0, 0.2, 0.2, 1.0, 2.5, 4.0, 9.0])
# scikit-learn's PowerTransformer (its lambda first), QuantileTransformer and RobustScaler on these values
LAMBDA = 0.602899111
YEO_JOHNSON = [
    -2.03861311,
    -0.712689886,
    -0.444078088,
    -0.209248281,
    -0.126277425,
    -0.126277425,
    0.161198818,
    0.596412052,
    0.961016611,
    1.93855674,
]
QUANTILE = [
    0.0,
    0.1111111111111111,
    0.2222222222222222,
    0.3333333333333336,
    0.5,
    0.5,
    0.6666666666666667,
    0.7777777777777778,
    0.8888888888888888,
    1.0,
]
ROBUST = [-1.28, -0.48, -0.27999999999999997, -0.08, 0.0, 0.0, 0.32, 0.9199999999999999, 1.52, 3.5200000000000005]


@pytest.mark.parametrize("name", sorted(SCALINGS))
def test_scalings_rise_and_are_undone(name):
    scaling = SCALINGS[name].of(VALUES)
    scaled = scaling.forward(VALUES)
    assert np.all(np.diff(scaled) >= 0)
    np.testing.assert_allclose(scaling.inverse(scaled), VALUES, atol=1e-9)
    again = type(scaling)(**scaling.state())
    np.testing.assert_array_equal(again.forward(VALUES), scaled)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_special_powers_are_logarithm_and_identity(power):
    scaling = YeoJohnsonScaling(power, 0.0, 1.0)
    expected = {
        0.0: np.where(VALUES >= 0, np.log1p(np.abs(VALUES)), -((1 - VALUES) ** 2 - 1) / 2),
        1.0: VALUES,
        2.0: np.where(VALUES >= 0, ((VALUES + 1) ** 2 - 1) / 2, -np.log1p(np.abs(VALUES))),
    }[power]
    np.testing.assert_allclose(scaling.forward(VALUES), expected, atol=1e-12)
    np.testing.assert_allclose(scaling.inverse(expected), VALUES, atol=1e-12)


def test_the_power_is_the_most_likely_one():
    scaling = YeoJohnsonScaling.of(VALUES)
    assert scaling.power == pytest.approx(LAMBDA, abs=1e-5)
    np.testing.assert_allclose(scaling.forward(VALUES), YEO_JOHNSON, atol=1e-5)


def test_quantiles_and_robust_equal_scikit_learn():
    np.testing.assert_allclose(scaling_kind("quantile").of(VALUES).forward(VALUES), QUANTILE, atol=1e-12)
    np.testing.assert_allclose(scaling_kind("robust").of(VALUES).forward(VALUES), ROBUST, atol=1e-12)
