import pytest

from tests.unit.ml.off_policy.simulated import Shop, simulate_shop


@pytest.fixture(scope="session")
def shop() -> Shop:
    return simulate_shop()
