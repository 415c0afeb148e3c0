"""When a new stack begins: the settings."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from indistack.field.quantity import Angle, Length
from indistack.settings import Settings

PRESETS: dict[object, dict[str, str]] = {
    "astap": {"against": "previous", "limit": "0.2 deg", "pointing_jump": "0.2 deg"},
}
"""What a preset sets, where the settings do not say otherwise."""

Action = Literal["restart", "refuse", "ignore"]
FilterAction = Literal["auto", "split", "restart", "refuse", "ignore"]
ScalableAction = Literal["restart", "refuse", "ignore", "scale"]


class DriftSettings(Settings):
    """When a new stack begins."""

    enabled: bool = True
    """False: the stack is never restarted, but for an odd first sub. Subs whose settings changed, or that do not fit,
    are refused; a drift that fits has no limit."""
    preset: Literal["indistack", "astap"] = "indistack"
    """``astap``: the rule of ASTAP's live stacking, a step of 0.2 deg from the sub before. Single settings given
    beside it hold."""
    against: Literal["reference", "previous"] = "reference"
    """``previous``: only the step from the sub before counts, at once; slow drift may go as far as it will."""
    limit: Length = "25 %"
    """Drift of the frame's centre: ``"0.2 deg"``, ``"15 arcmin"``, ``"30 arcsec"``, ``"300 px"`` or ``"10 %"`` of the
    width. An angle needs the plate scale; without it 25 % of the width holds."""
    patience: int = Field(default=3, ge=1)
    """Consecutive subs beyond the limit that it takes; one, where the header tells of the move as well."""
    new_target_subs: int = Field(default=3, ge=2)
    """Consecutive subs that do not fit the reference but fit each other: the telescope points elsewhere."""
    pointing_jump: Angle = "0.5 deg"
    """A sub that does not fit the reference, or has another target's name, restarts at once where header or mount
    point that far away from where the last fitting sub was taken."""
    change_patience: int = Field(default=3, ge=1)
    """Consecutive subs with the same changed setting that it takes: focus and alignment frames pass by."""
    on_exposure: ScalableAction = "restart"
    """What another exposure time does: a new stack, or the sub is refused, or nothing. ``scale``: the sub is stacked in
    the reference's ADU, by its stars, else by exposure and e-/ADU in the headers; refused as ``scale_unknown``
    where neither tells."""
    on_gain_setting: ScalableAction = "restart"
    """Another gain or ISO; as with the exposure."""
    on_binning: Action = "restart"
    """What another binning does: a new stack, or the sub is refused, or nothing."""
    on_size: Action = "restart"
    """Another size of the frame."""
    on_filter: FilterAction = "auto"
    """``split``: every filter has stacks of its own on the same reference, with exposure and gain of its own.
    ``auto``: that for a mono camera, a new stack for a colour camera."""
    on_target: Action = "ignore"
    """Another name of the target in the header. Where the stars fit, a name alone changes nothing unless that is asked
    for; where they do not, they tell themselves."""
    on_mosaic: Action = "restart"
    """A colour camera's readout that begins a row or a column elsewhere, which no header tells: the sky's colours are
    found in other photosites than in the sub before."""
    on_tone_curve: Action = "restart"
    """A JPEG in a stack of raw frames, or the other way round, as cameras write both of one exposure."""
    on_odd_reference: Literal["restart", "ignore"] = "restart"
    """What is done where the first two or three subs agree with each other but not with the one that the stack began
    with: of another brightness, smoothed, clipped, torn, behind clouds, of another field."""
    on_gradient: Action = "ignore"
    """What a gradient beyond `gradient_limit` does: moonrise, dawn, a street lamp. ``match.background`` takes gradients
    off, but not their noise."""
    gradient_limit: float = Field(default=20.0, gt=0)
    """How much the sky's gradient may differ from the reference's, peak to peak over the frame, in units of the
    reference's noise per pixel; restarts after `patience` consecutive subs."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("preset"), str):
            return values
        return PRESETS.get(values["preset"], {}) | values
