"""Finds a sub's place and light in a session, or why it is to begin another one."""

from __future__ import annotations

from indistack.errors import FrameError, RegistrationError
from indistack.field.drift import GO_ON, Verdict
from indistack.session.filter_stack import MeasuredSub, Placement
from indistack.session.session import Session
from indistack.store.entries import match_numbers, transform_numbers
from indistack.system.stage_times import Numbers, timed
from indistack.values.transform import Transform


def find_place(session: Session, sub: MeasuredSub, numbers: Numbers) -> Placement | Verdict:
    """Find the sub's place and light in a session; return a verdict where it is to begin another.

    Raises
    ------
    FrameError
        It is refused.
    """
    verdict = _unless_refused(session.drift.facts(sub.frame))
    if verdict.action == "restart":
        return verdict
    must_scale = verdict.action == "scale"
    numbers |= session.registration.numbers
    with timed(numbers, "align"):
        transform, verdict = _register(session, sub, numbers)
    if verdict.action == "restart":
        return verdict
    fit = match_light(session, sub, transform, numbers, must_scale)
    verdict = _unless_refused(session.drift.gradient(fit.match.gradient_sigma))
    return verdict if verdict.action == "restart" else fit


def match_light(
    session: Session, sub: MeasuredSub, transform: Transform, numbers: Numbers, must_scale: bool = False
) -> Placement:
    """Bring the light of a sub that has found its place to that of its filter's other subs.

    Raises
    ------
    FrameError
        It cannot be, or too little of it has come through the clouds.
    """
    scale_arcsec_px = session.scale_arcsec_px(sub.frame.info)
    numbers |= session.registration.numbers | transform_numbers(transform, sub.frame, scale_arcsec_px)
    numbers["sky"] = session.sky
    filter_stack = session.filter_stack_for(sub, transform)
    with timed(numbers, "match"):
        match = filter_stack.photometer.match(sub.frame, sub.scene, transform, must_scale)
    numbers |= match_numbers(match)
    filter_stack.judge.check_transparency(match)
    return Placement(transform, match, filter_stack)


def _register(session: Session, sub: MeasuredSub, numbers: Numbers) -> tuple[Transform, Verdict]:
    """Register a good sub on the reference, and judge where it lies."""
    registration, reference = session.registration, session.reference.scene
    if reference is sub.scene:
        return Transform.identity(), GO_ON
    try:
        session.check(sub, lambda: registration.fits(sub.scene, reference))
        transform = registration.register(sub.scene)
    except FrameError as error:
        verdict = session.drift.slew(sub.frame.info)  # few stars, beside another field's, are no fault either
        if verdict.action != "restart" and isinstance(error, RegistrationError):
            verdict = session.drift.stranger(lambda: registration.fits(sub.scene, registration.stranger))
            registration.stranger = sub.scene
            numbers["stranger"] = True
        if verdict.action == "restart":
            return Transform.identity(), verdict
        raise
    return transform, session.drift.shift(transform, sub.frame)


def _unless_refused(verdict: Verdict) -> Verdict:
    if verdict.action == "refuse":
        raise FrameError(verdict.reason, verdict.detail)
    return verdict
