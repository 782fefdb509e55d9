"""What the figures were measured on."""

import os
import platform
import shutil
import statistics
import tempfile
import time

GIB = 1 << 30
SYNC_PROBES = 50


def _first(path, key):
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() == key:
                    return value.strip()
    except OSError:
        pass
    return None


def _file_system(directory):
    """The type of the file system that holds `directory`, such as ext4 or tmpfs."""
    best, kind = "", "unknown"
    with open("/proc/mounts", encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            _, point, fs_type, *_ = line.split()
            inside = directory == point or directory.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best):
                best, kind = point, fs_type
    return kind


def sync_micros(directory):
    """Median time of one 1 KiB append with fdatasync: the bound of every synchronous flush here."""
    taken = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(SYNC_PROBES):
            begin = time.perf_counter()
            os.write(file.fileno(), b"x" * 1024)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e6


def describe(directory):
    """`identify`, and how fast the disk is just now."""
    return f"{identify(directory)}, fdatasync of 1 KiB {sync_micros(directory):.0f} us"


def identify(directory):
    """One line that names processor, cores, memory, kernel and the file system of `directory`."""
    cpu = _first("/proc/cpuinfo", "model name") or platform.machine()
    memory_kib = int((_first("/proc/meminfo", "MemTotal") or "0 kB").split()[0])
    cores = len(os.sched_getaffinity(0))
    return (f"{cpu}, {cores} cores, {memory_kib * 1024 / GIB:.0f} GiB, Linux {platform.release()}, "
            f"{_file_system(os.path.realpath(directory))}")


def require_free_disk(directory, wanted_bytes):
    """One sentence when the disk is too small for the measurement, else None."""
    free = shutil.disk_usage(directory).free
    if free >= wanted_bytes:
        return None
    return (f"{directory} has {free / GIB:.1f} GiB free, {wanted_bytes / GIB:.1f} GiB are needed; "
            f"choose another place with --work DIR")


def settle():
    """Writes back what earlier runs left dirty: their pages would slow the next run's syncs several times."""
    os.sync()


def drop_from_page_cache(directory):
    """Makes the files below `directory` cold; needs no rights, for clean pages the kernel obeys."""
    os.sync()
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                file = os.open(os.path.join(folder, name), os.O_RDONLY)
            except OSError:
                continue  # deleted meanwhile
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)


def directory_bytes(directory):
    """Bytes allocated below `directory`; sparse files count what they really hold."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                continue
    return total
