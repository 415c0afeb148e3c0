"""What an MQTT broker is told, and where one is."""

from __future__ import annotations

import json

import pytest

from indistack.faces.web.mqtt import SENSORS, discovery, facts_of
from indistack.settings.faces import Broker, broker_of


@pytest.mark.parametrize(
    ("address", "broker"),
    [
        ("mqtt://10.0.0.5", Broker("10.0.0.5", 1883, "", "", "indistack")),
        ("mqtt://me:a%40b@hub.local:1884/obs/north/", Broker("hub.local", 1884, "me", "a@b", "obs/north")),
    ],
)
def test_an_address_is_read(address: str, broker: Broker) -> None:
    assert broker_of(address) == broker


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "http://x", "mqtt://", "mqtt://x/a+b", "mqtt://x/a%23", "mqtt://x:0x1"]
)
def test_what_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"wanted is mqtt://|[Pp]ort"):
        broker_of(address)


def test_all_that_is_announced_is_told_also_where_nothing_is_known() -> None:
    assert set(facts_of({})) == set(SENSORS)
    state = {"n_subs": 4, "last": {"fwhm_px": 2.5}, "stack": {"snr_gain": 2.0}, "hints": [{"text": "dew?"}]}
    told = facts_of(state)
    assert (told["n_subs"], told["fwhm_px"], told["snr_gain"], told["hints"]) == (4, 2.5, 2.0, "dew?")
    assert json.loads(json.dumps(told))["stars"] is None
    configs = discovery("obs", "obs").values()
    assert len({config["unique_id"] for config in configs}) == len(SENSORS)
