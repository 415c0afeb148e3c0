"""How a stack begins: set up for its first sub, which must be good enough."""

from __future__ import annotations

import dataclasses

from indistack.config import Config
from indistack.pipeline.method_choice import choose, with_method
from indistack.pipeline.pace import Pace
from indistack.session.filter_stack import MeasuredSub, Reference
from indistack.session.rung import FINEST, Rung
from indistack.session.session import Session
from indistack.session.stack_setup import SetupMaker
from indistack.values.blob import Blob
from indistack.values.star_list import Scene
from indistack.values.sub_parts import StackShare


class SessionStarter:
    """Begins sessions.

    Parameters
    ----------
    setup_maker : SetupMaker
        Sets up what the stacks of a session share.
    pace : Pace
        How subs have come up to now.

    Attributes
    ----------
    setup_maker : SetupMaker
        As above, with the settings of the next session.
    reference : Reference or None
        What the next session is aligned to; None: its first good sub.
    named : str
        Target's name of the next session, as a person has told it.
    """

    def __init__(self, setup_maker: SetupMaker, pace: Pace) -> None:
        self.setup_maker = setup_maker
        self._pace = pace
        self.reference: Reference | None = None
        self.named = ""
        self._doubtful: Scene | None = None

    def set_config(self, config: Config) -> None:
        """Have these settings from the next session on."""
        self.setup_maker = dataclasses.replace(self.setup_maker, config=config)

    def again(self, sub: MeasuredSub, blob: Blob, share: StackShare | None) -> Session:
        """Return an empty session as one was begun before with that sub, of which `share` was told then.

        Raises
        ------
        FrameError
            There is no memory for it.
        """
        reference = self.reference or sub.as_reference(blob.origin)
        told, now = share or StackShare(None, {}, 0), self.setup_maker.config
        maker = dataclasses.replace(self.setup_maker, config=with_method(now, told.method or now.stack.method))
        stack_setup = maker.make(reference.scene, sub.frame, Rung.parse(told.rung) if told.rung else FINEST)
        return self._named(Session(maker.config, stack_setup, reference, sub.frame, told.why_plain))

    def new(self, sub: MeasuredSub, blob: Blob, freed_bytes: int = 0) -> Session:
        """Return an empty session for a first sub, whatever that is; see `choose`.

        Raises
        ------
        FrameError
            There is no memory for it.
        """
        reference = self.reference or sub.as_reference(blob.origin)
        choice = choose(self.setup_maker, reference.scene, sub.frame, self._pace, freed_bytes)
        return self._named(Session(choice.config, choice.stack_setup, reference, sub.frame, choice.why_plain))

    def _named(self, session: Session) -> Session:
        session.named = self.named
        return session

    def forget(self) -> None:
        """Begin the next session with whatever comes: another field, or another target."""
        self.reference, self.named = None, ""

    def begin(self, sub: MeasuredSub, blob: Blob, freed_bytes: int = 0) -> Session:
        """Return an empty session for a sub that is good enough to be the first; raise `FrameError` where it is not."""
        session = self.new(sub, blob, freed_bytes)
        filter_stack = session.filter_stack_of(sub.frame.info)
        session.registration.require_reference()
        session.check(sub, filter_stack, lambda: self._fits_before(session, sub))
        self._doubtful = None
        return session

    def _fits_before(self, session: Session, sub: MeasuredSub) -> bool:
        """Tell whether a first sub of odd shapes shows what the one before it showed: a nebula, and no clouds."""
        before, self._doubtful = self._doubtful, sub.scene
        return session.registration.fits(sub.scene, before)
