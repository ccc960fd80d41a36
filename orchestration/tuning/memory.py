"""How many trials fit into the memory at a time."""

from pathlib import Path

# Room for everything else that the machine does.
SPARE = 0.8


def jobs_that_fit(jobs: int, bytes_a_job: int, available: int | None = None) -> int:
    """Bound the number of trials at a time by the memory.

    Parameters
    ----------
    jobs : int
        Wanted, >= 1.
    bytes_a_job : int
        Most memory that one was seen to take.
    available : int, optional
        Bytes that may be taken, of which a fifth is left free; asked of the system when left out.

    Returns
    -------
    int
        In [1, jobs].
    """
    room = available_bytes() if available is None else available
    if room is None or bytes_a_job <= 0:
        return jobs
    # One is running already, and its memory is not among what is available.
    return max(1, min(jobs, 1 + int(SPARE * room // bytes_a_job)))


def available_bytes(system: Path = Path("/")) -> int | None:
    """Return the memory that is free for use, within the limit of a container; None if unknown.

    Parameters
    ----------
    system : Path
        Root of the file system in which Linux describes itself.
    """
    try:
        lines = (system / "proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    facts = dict(line.split(":", maxsplit=1) for line in lines if ":" in line)
    if "MemAvailable" not in facts:
        return None
    free = int(facts["MemAvailable"].split()[0]) * 1024
    group = system / "sys/fs/cgroup"
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return min(free, max(limit - used, 0))
