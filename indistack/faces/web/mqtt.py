"""Tells an MQTT broker how the night goes, so that Home Assistant shows it by itself: an extra (aiomqtt).

Whatever the broker does, or does not, the page goes on: a lost one is tried again, ever more rarely.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Mapping
from typing import Any

from indistack.faces.web.hub import Hub
from indistack.settings.faces import Broker, broker_of

log = logging.getLogger(__name__)

DISCOVERY = "homeassistant"
"""Where Home Assistant looks for what there is."""

PATIENCE_S = 10.0
"""For the broker's answer to anything."""

AGAIN_S, RARELY_S = 5.0, 300.0
"""Pause after a broker was lost, doubled each time up to the second."""

PAUSE_S = 1.0
"""Between two states at least."""

QUIET_S = 60.0
"""So long without news, the state is told all the same."""

SENSORS: Mapping[str, tuple[str, str, str]] = {
    "agent": ("State", "", "mdi:telescope"),
    "target": ("Target", "", "mdi:star-four-points"),
    "n_subs": ("Subs stacked", "subs", "mdi:layers"),
    "exposure_s": ("Exposure", "s", "mdi:timer-outline"),
    "refused": ("Subs left out", "subs", "mdi:layers-off"),
    "waiting": ("Subs waiting", "subs", "mdi:tray-full"),
    "fwhm_px": ("FWHM", "px", "mdi:blur"),
    "stars": ("Stars", "", "mdi:creation"),
    "snr_gain": ("Signal to noise", "", "mdi:chart-line"),
    "hints": ("Hints", "", "mdi:alert-circle-outline"),
}
"""What is told: key -> name, unit, icon."""


def facts_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a state that the page shows; None where a quantity is not known."""
    last = state.get("last") or {}
    told = {"fwhm_px": last.get("fwhm_px"), "stars": last.get("stars")}
    told["snr_gain"] = state.get("stack", {}).get("snr_gain")
    told["hints"] = "; ".join(hint["text"] for hint in state.get("hints", ())) or None
    return {name: told[name] if name in told else state.get(name) for name in SENSORS}


def discovery(node: str, topic: str) -> dict[str, dict[str, Any]]:
    """Return what Home Assistant is told of each sensor, by the topic under its prefix."""
    device = {"identifiers": [node], "name": f"indistack on {socket.gethostname()}", "manufacturer": "indistack"}
    configs: dict[str, dict[str, Any]] = {}
    for key, (name, unit, icon) in SENSORS.items():
        config = {
            "name": name, "unique_id": f"{node}_{key}", "state_topic": f"{topic}/state", "icon": icon,
            "value_template": f"{{{{ value_json.{key} }}}}", "availability_topic": f"{topic}/online", "device": device,
        }  # fmt: skip
        numeric = {"unit_of_measurement": unit, "state_class": "measurement"} if unit else {}
        configs[f"sensor/{node}/{key}/config"] = config | numeric
    return configs


def node_of(broker: Broker) -> str:
    """Return the name that this machine's stack has at the broker."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", broker.topic)


async def keep_telling(hub: Hub, address: str) -> None:
    """Tell a broker for ever; never raises but where it is cancelled."""
    try:
        import aiomqtt
    except ImportError:  # told at the start
        return
    broker, pause_s = broker_of(address), AGAIN_S
    while True:
        try:
            will = aiomqtt.Will(f"{broker.topic}/online", "offline", retain=True)
            async with aiomqtt.Client(
                broker.host, broker.port, username=broker.user or None, password=broker.password or None,
                identifier=f"{node_of(broker)}-{hub.run}"[:60], will=will, timeout=PATIENCE_S,
            ) as client:  # fmt: skip
                pause_s = AGAIN_S
                await _tell(client, hub, broker)
        except (aiomqtt.MqttError, OSError, ValueError) as error:  # ValueError: a name or topic that it does not take
            log.warning("mqtt: %s: %s; again in %.0f s", broker.host, type(error).__name__, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, RARELY_S)


async def _tell(client: Any, hub: Hub, broker: Broker) -> None:
    """Tell what there is, then every state as it comes, until the broker is lost."""
    for topic, config in discovery(node_of(broker), broker.topic).items():
        await client.publish(f"{DISCOVERY}/{topic}", json.dumps(config), retain=True)
    await client.publish(f"{broker.topic}/online", "online", retain=True)
    while True:
        state = hub.state
        await client.publish(f"{broker.topic}/state", json.dumps(facts_of(state)), retain=True)
        await asyncio.sleep(PAUSE_S)
        await hub.later_than(state["number"], QUIET_S)
