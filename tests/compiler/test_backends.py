import pytest

import graphnn
from graphnn import nn
from graphnn.errors import BackendError


def double(x):
    return x * 2 + 1


@pytest.mark.parametrize(
    ("named", "taken"), [(None, "native"), ("", "native"), ("numpy", "numpy"), ("native", "native")]
)
def test_auto_is_c_unless_the_environment_names_another(monkeypatch, named, taken):
    monkeypatch.delenv("GRAPHNN_BACKEND")
    if named is not None:
        monkeypatch.setenv("GRAPHNN_BACKEND", named)
    fast = graphnn.compile(double)
    assert fast(graphnn.ones(2)).tolist() == [3.0, 3.0]
    assert fast.plans[0].backend == taken


def test_auto_goes_on_with_numpy_in_one_line_where_no_compiler_works(monkeypatch, tmp_path):
    monkeypatch.delenv("GRAPHNN_BACKEND")
    monkeypatch.setenv("CC", "/nowhere/cc")
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path))
    with pytest.warns(RuntimeWarning, match="running on NumPy instead") as warned:
        fast = graphnn.compile(double)
    assert fast(graphnn.ones(2)).tolist() == [3.0, 3.0]
    assert fast.plans[0].backend == "numpy"
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)


def test_a_backend_asked_for_by_name_that_cannot_be_had_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("CC", "/nowhere/cc")
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path))
    with pytest.raises(BackendError, match="/nowhere/cc"):
        graphnn.compile(double, backend="native")


def test_an_unknown_backend_gets_the_nearest_name():
    with pytest.raises(BackendError, match="did you mean 'native'"):
        graphnn.compile(double, backend="natve")


def test_the_c_of_a_plan_can_be_read_and_names_the_user_s_line():
    fast = graphnn.compile(double, backend="native")
    with pytest.raises(BackendError, match="call it once"):
        print(fast.source)
    fast(graphnn.ones(3))
    assert "test_backends.py" in fast.source
    assert fast.plans[0].backend == "native"
    numpy = graphnn.compile(double, backend="numpy")
    numpy(graphnn.ones(3))
    with pytest.raises(BackendError, match="generates no code"):
        print(numpy.source)


def test_a_constant_image_keeps_its_format_in_a_step():
    net = nn.Sequential(nn.ConvTranspose2d(8, 16, 3, 2, 1, 1), nn.Sigmoid())
    reference = nn.Sequential(nn.ConvTranspose2d(8, 16, 3, 2, 1, 1), nn.Sigmoid())
    reference.load_state_dict(net.state_dict())
    x = graphnn.randn(2, 8, 5, 6)

    def run(model, wrap):
        optimizer = graphnn.optim.SGD(model.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            found = model(x)
            loss = (found * found).mean()
            loss.backward()
            optimizer.step()
            return loss

        step = wrap(step)
        return [step(x).item() for _ in range(3)], model[0].weight

    ours, weight = run(net, lambda step: graphnn.compile(step, backend="native"))
    theirs, wanted = run(reference, lambda step: step)
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert graphnn.allclose(weight, wanted, atol=1e-5)
