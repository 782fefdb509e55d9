"""What a peer needs on the machine: programs from Debian's packages, files kept in a cache."""

import os
import pathlib
import shutil

from lib.processes import BenchError, run_to_end

APT_TIMEOUT_SECONDS = 900


def cache_directory(name):
    """Where files outlive a run, outside the repository; whoever fills it makes it."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(root) / "cafmq-bench" / name


def require_programs(package_of_program):
    """Installs the Debian package of each program that is missing; BenchError in one sentence when it cannot."""
    missing = sorted({package for program, package in package_of_program.items() if not shutil.which(program)})
    if not missing:
        return
    by_hand = f"install {' '.join(missing)} by hand and run again"
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (prefix and not shutil.which("sudo")):
        raise BenchError(f"{', '.join(missing)} is missing and cannot be installed here: {by_hand}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    try:
        run_to_end([*apt, "update", "-qq"], timeout_seconds=APT_TIMEOUT_SECONDS)
        run_to_end([*apt, "install", "-y", "-qq", "--no-install-recommends", *missing],
                   timeout_seconds=APT_TIMEOUT_SECONDS)
    except BenchError as error:
        raise BenchError(f"apt-get could not install {', '.join(missing)} ({error}): {by_hand}") from error
