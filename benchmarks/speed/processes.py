"""Run a task in a process of its own, and watch its seconds and its memory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SAMPLING_SECONDS = 0.05
MEBIBYTE = 2**20
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Measured:
    """What a task took.

    Attributes
    ----------
    seconds : float
        As the task itself measured them: without start-up and reading.
    cpu_seconds : float
        Processor time of the whole process and those it started, with start-up and reading: it
        changes less than the seconds when other work runs on the machine.
    peak_mib : float
        Largest resident memory of the process and those it started, each at its own peak.
    answer : dict
        What else the task returned.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    answer: dict


@dataclass(frozen=True)
class Limits:
    """What a task may take; it is killed when it takes more.

    Attributes
    ----------
    seconds : float
        From the start of the process to its end.
    resident_bytes : float
        Resident memory, at one moment, of the process and those it started.
    """

    seconds: float = float("inf")
    resident_bytes: float = float("inf")


NO_LIMITS = Limits()


class TaskError(RuntimeError):
    """A task that ended with an error."""


class LimitError(TaskError):
    """A task that was killed, for it took more than it may; the text says of what."""


def run_task(
    module: str,
    arguments: dict,
    address_space: int | None = None,
    limits: Limits = NO_LIMITS,
) -> Measured:
    """Run ``module.run(**arguments)`` in a new process.

    Parameters
    ----------
    module : str
        Has a function ``run`` that returns a dict with ``seconds``.
    arguments : dict
        Of the function; as JSON.
    address_space : int, optional
        Most bytes of address space the process may have (RLIMIT_AS).
    limits : Limits
        None when absent.

    Returns
    -------
    Measured

    Raises
    ------
    TaskError
        If the process fails.
    LimitError
        If it was killed because of `limits`.
    """
    with TemporaryDirectory() as folder:
        answer, errors = Path(folder) / "answer.json", Path(folder) / "errors.txt"
        request = {"module": module, "arguments": arguments, "address_space": address_space}
        with errors.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "benchmarks.speed.child", str(answer)],
                stdin=subprocess.PIPE,
                stdout=stderr,
                stderr=stderr,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
            with _killed_on_error(process):
                peaks, times = _watched(process, json.dumps(request), limits)
        if process.returncode:
            raise TaskError(f"{module} failed: {errors.read_text()[-2000:]}")
        told = json.loads(answer.read_text())
    # What the process itself tells at its end: it may have grown between the last look and that.
    peaks[process.pid], times[process.pid] = told["peak_bytes"], told["cpu_seconds"]
    found = told["answer"]
    return Measured(
        found.pop("seconds"), sum(times.values()), sum(peaks.values()) / MEBIBYTE, found
    )


@contextmanager
def _killed_on_error(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a process and those it started if anything goes wrong, or somebody presses Ctrl-C.

    The signal of the terminal does not reach them: they are a session of their own.
    """
    try:
        yield
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _watched(
    process: subprocess.Popen[bytes], request: str, limits: Limits
) -> tuple[dict[int, int], dict[int, float]]:
    """Tell a process what to do, wait for its end, and return peaks and times by process id."""
    if process.stdin is None:
        raise TaskError("the process has no standard input")
    process.stdin.write(request.encode())
    process.stdin.close()
    peaks: dict[int, int] = {}
    times: dict[int, float] = {}
    started = time.monotonic()
    while process.poll() is None:
        family = _family(process.pid)
        for pid in family:
            peaks[pid] = max(peaks.get(pid, 0), peak_bytes(pid))
            times[pid] = max(times.get(pid, 0.0), cpu_seconds(pid))
        exceeded = _exceeded(limits, time.monotonic() - started, family)
        if exceeded:
            raise LimitError(exceeded)
        time.sleep(SAMPLING_SECONDS)
    return peaks, times


def _exceeded(limits: Limits, seconds: float, family: list[int]) -> str:
    """Say which limit a process and its descendants are over; nothing if none."""
    if seconds > limits.seconds:
        return f"over {limits.seconds / 60:g} min"
    resident = sum(_memory(pid, "VmRSS") for pid in family)
    if resident > limits.resident_bytes:
        return f"over {limits.resident_bytes / GIBIBYTE:g} GiB"
    return ""


def _family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        try:
            found += [int(child) for child in children.read_text().split()]
        except OSError:
            continue
    return found


def peak_bytes(pid: int) -> int:
    """Return the largest resident memory a process has had, 0 when it has ended."""
    return _memory(pid, "VmHWM")


def _memory(pid: int, kind: str) -> int:
    """Return bytes of a line of a process's status, 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith(kind)]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used, 0 when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # The name, in brackets, may hold anything; user and system time are fields 14 and 15.
    after_name = text.rsplit(")", 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
