"""Writes the growing stack now and then, in threads of its own; what is late is skipped, the latest wins."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from indistack.config import MAIN, Config
from indistack.enhance.memory import LookMemories, LookMemory
from indistack.fits_header import numbered
from indistack.output import snapshots
from indistack.output.device_picture import DevicePicture
from indistack.output.full_picture import FullPicture
from indistack.output.later import Later, logged
from indistack.output.output_file import OutputFile
from indistack.output.own_stretch_picture import OwnStretchPicture
from indistack.output.showcase import PICTURE, Showcase
from indistack.output.view import Binning
from indistack.output.wanted_picture import WantedPicture
from indistack.picture.linear import binning_for
from indistack.session.session import Session
from indistack.sinks import SINKS, Sink
from indistack.system.atomic import keep_as
from indistack.values.own_files import OwnFiles

log = logging.getLogger(__name__)


class Publisher:
    """Publishes the pictures of the live session under ``folder/NAME.*`` and keeps those of finished ones.

    One picture at a time is copied and written, the one that has been due for the longest first; what is not written
    when the next sub is in is written as it is then, and what a sub came too early for when it is due, whether or not
    another one comes. Where only a preview is due, only its pixels are copied. The form that people look at never waits
    until another one, a FITS file on a slow card, is written.

    Parameters
    ----------
    folder : Path
        The agent's output folder.
    config : Config
        Cadence and picture settings.
    own_files : OwnFiles, optional
        Is told of every file before it is written.

    Attributes
    ----------
    showcase : Showcase
        What is published now.
    wanted : tuple of WantedPicture
        What is made of it where somebody wants it: an INDI device's picture, and one as fine as the stack.
    """

    def __init__(self, folder: Path, config: Config, own_files: OwnFiles | None = None) -> None:
        self._folder = folder
        self._config = config
        self._own_files = own_files or OwnFiles()
        self._sinks = [SINKS.get(name)() for name in config.publish.sinks]
        self._outputs: dict[str, list[OutputFile]] = {}
        suffixes = [sink.suffix for sink in self._sinks]
        self.showcase = Showcase(folder, PICTURE if PICTURE in suffixes else suffixes[0] if suffixes else "")
        self._session: Session | None = None
        self._memories = LookMemories(config.picture.easing)
        self.wanted: tuple[WantedPicture, ...] = (
            DevicePicture(folder, self._own_files),
            OwnStretchPicture(folder, self._own_files),
            FullPicture(
                folder, self._own_files, self.showcase, lambda: self._config.picture, lambda: self._memories.of(MAIN)
            ),
        )
        self._wake = threading.Condition()
        self._writing = ""
        self._closing = False
        self._has_quick = PICTURE in suffixes
        self._later = Later(self._freed)
        self._thread = threading.Thread(target=self._work, name="publish", daemon=True)
        self._thread.start()

    def use(self, config: Config) -> None:
        """Publish by these settings from now on."""
        with self._wake:
            self._config = config
            for output in self._all_outputs():
                output.set_cadence(config.publish.interval_s, config.publish.duty)
            self._wake.notify()

    def offer(self, session: Session, folder: Path | None = None) -> None:
        """Publish those of the session's pictures that are due, when their turn comes.

        `folder` is where the session keeps pictures of how it grew; None: where it has kept them, if anywhere.
        """
        self.look(session)  # first: somebody waits for it
        with self._wake:
            self._take_in(session)
            self.showcase.grow_in(folder, self._config.publish.growth)
            for output in self._all_outputs():
                output.is_behind = True
            self._wake.notify()

    def look(self, session: Session | None) -> None:
        """Make what somebody wants, and only has to be made then."""
        for picture in self.wanted:
            picture.look(session)

    def finish(self, session: Session, keep: Path) -> None:
        """Publish the session's last state now and keep all files that it has had in the folder `keep`."""
        with self._wake:
            self._settle()
            self._wake.wait_for(lambda: not self._writing and not self._later.is_busy)
            self._take_in(session)
        for name in snapshots.names(session):
            self._publish(session, name, None, self._config.publish.maps, self._outputs[name])
        for output in self._all_outputs():
            try:
                keep_as(output.path, keep / output.path.name)
            except OSError as error:
                log.error("cannot keep %s in %s: %s", output.path, keep, error.strerror)

    def end(self, session: Session, keep: Path | None) -> None:
        """Finish a session that is over, if its files are kept, and let go of it: its memory is needed for the next."""
        if keep is not None:
            self.finish(session, keep)
        with self._wake:
            self._settle()
            self.showcase.lost += [output.path for output in self._all_outputs() if output.has_failed]
            self._session = None

    def close(self) -> None:
        """Let a publication under way end, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._later.close()
        for picture in self.wanted:
            picture.close()

    def _take_in(self, session: Session) -> None:
        """Know the files of all pictures that the session has now; one that it has no more stays as it is."""
        if session is not self._session:
            self._session, self._outputs = session, {}
            self.showcase.begin()
            self._memories = LookMemories(self._config.picture.easing)
        for name in snapshots.names(session):
            if name not in self._outputs:
                self._outputs[name] = [self._output(name, sink) for sink in self._sinks]

    def _output(self, name: str, sink: Sink) -> OutputFile:
        settings, path = self._config.publish, self._folder / f"{name}{sink.suffix}"
        self._own_files.add(path)
        return OutputFile(path, sink, settings.interval_s, settings.duty)

    def _all_outputs(self) -> list[OutputFile]:
        return [output for outputs in self._outputs.values() for output in outputs]

    def _settle(self) -> None:
        """Let nothing be due until the next sub."""
        for output in self._all_outputs():
            output.is_behind = False

    def _next_name(self) -> str | None:
        """Wait for a picture that is due, the longest waiting first, and return its name; None at the end."""
        while not self._closing:
            behind = {name: [each for each in outputs if self._can_be(each)] for name, outputs in self._outputs.items()}
            due_s = {name: min(each.next_s for each in outputs) for name, outputs in behind.items() if outputs}
            name = min(due_s, key=due_s.__getitem__, default=None)
            pause_s = None if name is None else due_s[name] - time.monotonic()
            if pause_s is not None and pause_s <= 0:
                return name
            self._wake.wait(pause_s)
        return None

    def _can_be(self, output: OutputFile) -> bool:
        """Tell whether a file is behind, and nothing is written that it would have to wait for."""
        return output.is_behind and (output.path.suffix == PICTURE or not self._later.is_busy)

    def _freed(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _take_due(self, name: str) -> list[OutputFile]:
        """Return those of a picture's files that are to be written now."""
        due = [output for output in self._outputs[name] if self._can_be(output) and output.is_due(time.monotonic())]
        for output in due:
            output.is_behind = False
        return due

    def _work(self) -> None:
        while True:
            with self._wake:
                name = self._next_name()
                if name is None or self._session is None:
                    return
                session, outputs = self._session, self._take_due(name)
                self._writing = name
            for picture in self.wanted:
                picture.give_way()
            with logged(name):
                self._publish_due(session, name, outputs)
            del session  # it may end while this thread waits
            with self._wake:
                self._writing = ""
                self._wake.notify_all()

    def _publish_due(self, session: Session, name: str, outputs: list[OutputFile]) -> None:
        whole = any(not output.sink.needs_preview for output in outputs)
        max_side_px = 0 if whole else self._config.picture.max_side_px
        maps = whole and self._config.publish.maps
        memory = self._memories.of(name)
        if whole and session.stack_setup.lean:
            with session.lock:  # no sub is stacked meanwhile: that takes longer, and no memory for a copy
                self._publish(session, name, None, maps, outputs, memory)
            return
        quick = [output for output in outputs if output.path.suffix == PICTURE]
        others = [output for output in outputs if output.path.suffix != PICTURE]
        write = self._publish(session, name, lambda shape: binning_for(shape, max_side_px), maps, quick, memory, others)
        if others and self._has_quick:
            self._later.do(name, lambda: write(others))
        else:
            write(others)

    def _publish(
        self,
        session: Session,
        name: str,
        binning: Binning | None,
        maps: bool,
        outputs: Sequence[OutputFile],
        memory: LookMemory | None = None,
        others: Sequence[OutputFile] = (),
    ) -> Callable[[Sequence[OutputFile]], None]:
        """Write a picture in some forms, those with a preview first; return what writes the others that there are."""
        snapshot = snapshots.snapshot(session, name, binning, maps)
        number = self.showcase.next_number()
        sinks = [output.sink for output in (*outputs, *others)]
        snapshot = replace(snapshot, cards=numbered(snapshot.cards, number))
        snapshot = snapshots.with_preview(snapshot, self._config.picture, sinks, memory)

        def write(outputs: Sequence[OutputFile]) -> None:
            for output in sorted(outputs, key=lambda output: not output.sink.needs_preview):
                if output.write(snapshot):
                    self.showcase.show(name, number, snapshot.sub, output.path, snapshot)

        write(outputs)
        return write
