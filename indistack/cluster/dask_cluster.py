"""The Dask cluster: what is asked of it, how much at a time, and what may go wrong with it."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from indistack import __version__
from indistack.calibrate import Calibrator, Masters, NamedMasters
from indistack.cluster import tasks
from indistack.cluster.base import PartialStack, SeenSub, StackTask
from indistack.cluster.remote_preparer import RemotePreparer
from indistack.cluster.remote_stacker import RemoteStacker
from indistack.config import Config, jobs_of
from indistack.errors import SettingsError, StackError
from indistack.pipeline.calibrators import library_folder
from indistack.pipeline.pipeline import Pipeline
from indistack.settings import validate
from indistack.sources import FILES, suffix_of
from indistack.system.resources import available_bytes
from indistack.system.workers import Workers
from indistack.values.blob import Blob, Content
from indistack.values.frame import DoubleArray
from indistack.values.outcome import Refused

log = logging.getLogger(__name__)

LOCAL = "local"

AHEAD_PER_WORKER = 3
"""Subs that are seen in advance: one in work, one waiting for it, one that is being judged."""

MEMORY_KEPT_AFTER = 32
"""Subs after which this process takes what the calibrator has learned: if a worker that holds it dies, no more subs
than these are calibrated again."""

RETRIES = 3
"""A task may fail so often before the run does: another machine may see the file."""

WORKER_BYTES = 1_500_000_000
"""Of memory for each process on this machine: what stacking 24 MP in colour takes, with rejection."""

CONNECT_S = 30
NAMED = ("dark", "flat", "bias", "darkflat")


class DaskCluster:
    """Machines that work for this process; to be used in a ``with`` block.

    Parameters
    ----------
    address : str
        Of a Dask scheduler (``tcp://10.0.0.5:8786``), or ``local``: processes on this machine.
    config : Config
        The settings.
    files : sequence of Path
        The subs, in order. Every worker must see them, and the masters, under the same names.

    exact : bool
        Combine all subs at once, where the method can.

    Raises
    ------
    SettingsError
        Dask is not installed, the cluster cannot be reached or has no workers, a worker has another version of
        indistack or does not see a file.
    """

    def __init__(self, address: str, config: Config, files: Sequence[Path], exact: bool = False) -> None:
        self._exact = exact
        config = as_by_many(config)
        n_local = _local_workers(jobs_of(config.stack))
        self._settings = _for_worker(config, n_local if address == LOCAL else 1)
        self._ahead: dict[Path, tuple[Any, Any]] = {}
        self._memory: Any = None
        self._sent = 0
        self._exit = contextlib.ExitStack()
        self._client = _connected(address, n_local, self._exit)
        try:
            self._require_alike([*(path.absolute() for path in files), *_calibration_paths(config)])
        except BaseException:
            self._exit.close()
            raise

    def pipeline(self, config: Config, workers: Workers) -> Pipeline:
        """Return what takes the blobs of `blobs` into a stack; see `as_by_many`."""
        config = as_by_many(config)
        unused = Calibrator(config.calibrate, NamedMasters(Masters(), config.calibrate), workers)
        return Pipeline(
            config, workers, unused, lambda _: None, skip_repeats=False, exact=self._exact,
            preparer=RemotePreparer(self), new_stacker=partial(RemoteStacker, self),
        )  # fmt: skip

    def blobs(self, files: Sequence[Path]) -> Iterator[Blob]:
        """Return the subs without their bytes, having some seen in advance."""
        for number, path in enumerate(files):
            for coming in files[number : number + AHEAD_PER_WORKER * self.n_workers()]:
                self._send(coming)
            self.seen(path)  # where the cluster fails, this is not the sub's fault: let it be known here
            yield Blob(Content.unread(path), suffix_of(path.name), FILES, str(path), datetime.now(UTC), path)
            del self._ahead[path]

    def number(self, place: int) -> int:
        """Return the place: files have no other number."""
        return place

    def again(self, blobs: Sequence[Blob]) -> Iterator[Blob]:
        """Return subs once more; they are seen again, too."""
        return self.blobs([Path(blob.origin) for blob in blobs])

    def n_workers(self) -> int:
        """Return how many workers there are."""
        return max(1, len(self._client.ncores()))

    def seen(self, path: Path) -> SeenSub | Refused:
        """Return what has been seen of one of the subs that `blobs` gives, without its pixels."""
        answer: SeenSub | Refused = self._answer(self._ahead[path][1])
        return answer

    def sky(self, path: Path, xy: DoubleArray) -> DoubleArray:
        """Return the sky of a sub at some places.

        The worker that holds the sub is asked directly: as a task the question would wait until another sub is seen.
        """
        sub = self._ahead[path][0]
        holders = [holder for found in self._client.who_has([sub]).values() for holder in found]
        with contextlib.suppress(OSError, KeyError, IndexError):  # it has died meanwhile
            answer: DoubleArray = self._client.run(tasks.sky_here, sub.key, xy, workers=holders[:1])[holders[0]]
            return answer
        answer = self._answer(self._client.submit(tasks.sky, sub, xy, retries=RETRIES))
        return answer

    def stack(self, wanted: Sequence[StackTask]) -> Iterator[dict[str, PartialStack]]:
        """Return what came of some tasks, by the stacks' names, in order."""
        waiting = [self._submit(tasks.stack, self._settings, task, self._memory) for task in wanted]
        while waiting:
            yield self._answer(waiting.pop(0))

    def _send(self, path: Path) -> None:
        """Have a sub seen, with what the calibrator has learned from all that were sent before it."""
        if path in self._ahead:
            return
        if self._sent and self._sent % MEMORY_KEPT_AFTER == 0:
            self._memory = self._submit(tasks.given, self._answer(self._memory))
        raw = self._submit(tasks.read, self._settings, path.absolute())
        calibrated = self._submit(tasks.calibrate, self._settings, raw, self._memory)
        self._memory = self._submit(tasks.memory_after, calibrated, self._memory)
        self._sent += 1
        sub = self._submit(tasks.see, self._settings, calibrated)
        self._ahead[path] = sub, self._submit(tasks.outline, sub)

    def _submit(self, task: Callable[..., Any], *given: Any) -> Any:
        return self._client.submit(task, *given, retries=RETRIES)

    def _answer(self, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except (KilledWorker, CancelledError, OSError) as error:
            raise StackError(f"the cluster: {error}") from error

    def _require_alike(self, paths: Sequence[Path]) -> None:
        """Refuse workers that would do something else."""
        faults = []
        here = [str(path) for path in paths if path.exists()]
        for address, (version, missing) in self._client.run(tasks.lacks, here).items():
            if version != __version__:
                faults.append(f"--cluster: {address} has indistack {version}, this is {__version__}")
            if missing:
                faults.append(f"--cluster: {address} does not see {missing[0]} (and {len(missing) - 1} more)")
        if faults:
            raise SettingsError(faults)

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()


def as_by_many(config: Config) -> Config:
    """Return the settings as far as many can follow them.

    The stars of the reference do not grow from the stack, which nobody has before the end; faint subs are not seen
    together; and paths are absolute.
    """
    values = config.model_dump()
    for kind in NAMED:
        values["calibrate"][kind] = [str(Path(name).expanduser().absolute()) for name in values["calibrate"][kind]]
    folder = library_folder(config.calibrate)
    values["calibrate"]["library"] = str(folder.absolute()) if folder is not None and folder.is_dir() else ""
    values["align"] |= {"grow_reference": False, "faint_subs": 0}
    return validate(Config, values)


def _for_worker(config: Config, sharing: int) -> str:
    """Return the settings of a worker, so many of which share a machine, as JSON."""
    jobs = max(1, jobs_of(config.stack) // sharing) if sharing > 1 else config.stack.jobs
    stack = config.stack.model_copy(update={"jobs": jobs})
    return config.model_copy(update={"stack": stack}).model_dump_json()


def _calibration_paths(config: Config) -> list[Path]:
    named = [name for kind in NAMED for name in getattr(config.calibrate, kind)]
    return [Path(name) for name in [*named, config.calibrate.library] if name]


def _connected(address: str, n_local: int, exit_stack: contextlib.ExitStack) -> Any:
    """A client of the cluster, which ends with the stack."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SettingsError([f"--cluster needs Dask: {sys.executable} -m pip install distributed ({error})"]) from error
    if address == LOCAL:
        options = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
        address = exit_stack.enter_context(LocalCluster(n_workers=n_local, **options)).scheduler_address
        log.warning("while this works, every user of this machine can give orders to its processes at %s", address)
    try:
        client = exit_stack.enter_context(Client(address, timeout=CONNECT_S, set_as_default=False))
        client.wait_for_workers(1, timeout=CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        exit_stack.close()
        raise SettingsError([f"--cluster {address}: {error}"]) from error
    return client


def _local_workers(jobs: int) -> int:
    """A worker for every two threads, as far as memory allows."""
    return max(1, min(-(-jobs // 2), available_bytes() // WORKER_BYTES))
