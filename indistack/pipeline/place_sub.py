"""Finds a sub's place and light in a session, or why it is to begin another one."""

from __future__ import annotations

from indistack.errors import FrameError, RegistrationError
from indistack.field.drift import GO_ON, Verdict
from indistack.pipeline.draft import Draft
from indistack.session.filter_stack import MeasuredSub, Placement
from indistack.session.session import Session
from indistack.values.sub_parts import SubPlace
from indistack.values.transform import Transform

OTHER_ROWS = (
    'its rows come in the other order (ROWORDER), so that it may lie mirrored: align.mirrored = "auto" tries both'
)


class PlaceSearch:
    """The search for one sub's place in one session. Everything that is found is noted in the sub's draft.

    Parameters
    ----------
    session : Session
        Where it may belong.
    sub : MeasuredSub
        The sub.
    draft : Draft
        Of its report.
    """

    def __init__(self, session: Session, sub: MeasuredSub, draft: Draft) -> None:
        self._session = session
        self._drift = session.drift
        self._registration = session.registration
        self._sub = sub
        self._draft = draft
        self._filter_stack = session.filter_stack_of(sub.frame.info)
        self._slewed = session.drift.slew(sub.frame.info)

    def find(self) -> Placement | Verdict:
        """Find the sub's place and light; return a verdict where it is to begin another session.

        Raises
        ------
        FrameError
            It is refused.
        """
        verdict = _unless_refused(self._drift.facts(self._sub.frame, self._slewed, self._sub.mosaic))
        if verdict.action == "restart":
            return verdict
        must_scale = verdict.action == "scale"
        self._draft.note(aligner=self._registration.used_aligner)
        with self._draft.timed("align"):
            transform, verdict = self._register()
        if verdict.action == "restart":
            return verdict
        placement = self.match_photometry(transform, must_scale)
        if (odd := self._odd_reference(placement)) is not None:
            return odd
        placement.filter_stack.judge.check_match(placement.match)
        verdict = _unless_refused(self._drift.gradient(placement.match.gradient_sigma))
        return verdict if verdict.action == "restart" else placement

    def match_photometry(self, transform: Transform, must_scale: bool = False) -> Placement:
        """Bring the light of a sub that has found its place to that of its filter's other subs.

        Raises
        ------
        FrameError
            It cannot be.
        """
        session, sub = self._session, self._sub
        shift_px = transform.centre_shift_px(sub.frame.width, sub.frame.height)
        place = SubPlace(transform, shift_px, session.sky.scale_arcsec_px(sub.frame.info), session.sky.numbers())
        self._draft.note(aligner=self._registration.used_aligner, place=place)
        filter_stack = self._filter_stack or session.begin_filter(sub, transform)
        with self._draft.timed("match"):
            match = filter_stack.photometer.match(sub.frame, sub.scene, transform, must_scale)
        self._draft.note(photometry=match)
        return Placement(transform, match, filter_stack)

    def _odd_reference(self, placement: Placement) -> Verdict | None:
        """Judge whether it is the first sub that is odd, and not this one and the one before it."""
        detail = placement.filter_stack.judge.contradicts(self._sub.measures, placement.match)
        alone = len(self._session.filter_stacks) == 1
        return self._drift.odd_reference(detail) if detail and alone else None

    def _register(self) -> tuple[Transform, Verdict]:
        """Register a good sub on the reference, and judge where it lies."""
        sub, reference = self._sub, self._session.reference.scene
        if reference.stars is sub.scene.stars:
            return Transform.identity(), GO_ON
        try:
            self._session.check(sub, self._filter_stack, lambda: self._registration.fits(sub.scene, reference))
            transform = self._registration.register(sub.scene)
        except FrameError as error:
            verdict = self._elsewhere(error)
            if verdict.action == "restart":
                return Transform.identity(), verdict
            if isinstance(error, RegistrationError) and sub.frame.info.bottom_up != self._session.first.info.bottom_up:
                raise RegistrationError(error.reason, f"{error.detail}; {OTHER_ROWS}", error.numbers) from error
            raise
        return transform, self._drift.shift(transform, sub.frame, self._slewed)

    def _elsewhere(self, error: FrameError) -> Verdict:
        """Judge whether a sub that is not good, or does not fit, shows another field.

        Few stars, beside another field's, are no fault either.
        """
        if self._slewed.action == "restart" or not isinstance(error, RegistrationError):
            return self._slewed
        registration, scene = self._registration, self._sub.scene
        verdict = self._drift.stranger(lambda: registration.fits(scene, registration.stranger))
        registration.stranger = registration.kept(scene)
        self._draft.note(stranger=True)
        return verdict


def _unless_refused(verdict: Verdict) -> Verdict:
    if verdict.action == "refuse":
        raise FrameError(verdict.reason, verdict.detail)
    return verdict
