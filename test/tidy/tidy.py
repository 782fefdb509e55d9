#!/usr/bin/env python3
"""House rules that no compiler checks: limits, include direction, refused names, mirrored tests. Says what to do instead."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ["messages", "config", "actors", "runtime"]  # each may include itself and those before it
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
REFUSED_NAMES = {"manager", "service", "impl", "util", "utils", "helper", "helpers", "handler", "processor", "wrapper", "data",
                 "common", "base"}
SHELL_HEADERS = re.compile(r"caf/(event_based_actor|typed_event_based_actor|stateful_actor|actor_system|scoped_actor|"
                           r"blocking_actor|io/|typed_behavior|scheduled_actor)")
IMPURE = re.compile(r"\b(std::this_thread|std::thread\b|std::chrono::(system|steady)_clock::now|::now\(\)|std::random_device|"
                    r"std::getenv|std::ofstream|std::ifstream|std::cout|std::cerr|printf\()")
# The state of the log sink is process-wide by nature; the safe defaults belong to every actor shell.
PURE_EXCEPTIONS = {"actors/log.cpp", "actors/safe_actor.hpp"}

PUBLIC_HEADERS = ["runtime/node.hpp"] + [f"runtime/client/{name}.hpp" for name in (
    "admin", "client", "producer", "pull_consumer", "push_consumer")]


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return [path for path in listed if (ROOT / path).exists()]


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), re.sub(r"//[^\n]*", "", text), flags=re.S)


def long_functions(text):
    """Yields (first line, length) of bodies that open at the start of a line's declaration; braces are counted."""
    lines = strip_comments(text).split("\n")
    start, depth = None, 0
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"^[A-Za-z_].*\)\s*(const|noexcept|override|->.*)*\s*\{$", line):
            start, depth = number, 0
        if start is not None:
            depth += line.count("{") - line.count("}")
            if depth <= 0:
                if number - start + 1 > FUNCTION_LINES_MAX:
                    yield start, number - start + 1
                start = None


def faults_of(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    code = strip_comments(text)
    layer = path.split("/")[0]
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines, more than {FILE_LINES_MAX}: name the second idea and move it out"
    for start, length in long_functions(text):
        yield f"{path}:{start}: a function of {length} lines, more than {FUNCTION_LINES_MAX}: extract a named step"
    for word in re.split(r"[/_.]", path):
        if word in REFUSED_NAMES and layer in LAYERS:
            yield f"{path}: the name says '{word}', which says nothing: name its duty"
    if re.search(r"\b(FIXME|TODO|HACK)\b", text):
        yield f"{path}: an open mark in the code: do it, or file it"
    if "using namespace" in code and path.endswith(".hpp"):
        yield f"{path}: 'using namespace' in a header reaches every includer: qualify instead"
    for include in re.findall(r'#include\s+[<"]([^>"]+)[>"]', code):
        target = include.split("/")[0]
        if layer in LAYERS and target in LAYERS and LAYERS.index(target) > LAYERS.index(layer):
            yield f"{path}: includes {include}: {layer} may not know {target}; move the declaration down or pass it in"
        if include in ("caf/all.hpp", "caf/io/all.hpp"):
            yield f"{path}: includes {include}, which costs seconds: include what is used"
        if include == "nlohmann/json.hpp" and path.endswith(".hpp") and layer in LAYERS:
            yield f"{path}: nlohmann/json.hpp in a header costs every includer two seconds: keep it in the .cpp"
        shell = re.search(r"_actor\.(hpp|cpp)$", path)
        if layer == "actors" and SHELL_HEADERS.search(include) and not shell and path not in PURE_EXCEPTIONS:
            yield f"{path}: includes {include}: only *_actor files touch CAF's actors; move the decision out of the shell"
        if layer == "actors" and target == "actors":
            role, own = include.split("/")[1], path.split("/")[1]
            if "/" in include[7:] and "/" in path[7:] and role != own and not re.search(
                    r"^actors/store/(store_view|log_device|store_directory)\.hpp$", include):
                yield f"{path}: includes {include}: role folders meet through messages/, not through each other"
    if layer == "actors" and path not in PURE_EXCEPTIONS and not re.search(r"_actor\.(hpp|cpp)$", path):
        for match in IMPURE.finditer(code):
            line = code[:match.start()].count("\n") + 1
            yield f"{path}:{line}: '{match.group()}' below runtime/: take time, chance and the world as arguments"
    if layer in ("test", "actors") and re.search(r"sleep_for|sleep_until|\busleep\(|[^a-z_]sleep\(", code):
        yield f"{path}: sleeps: wait for the condition, or use virtual time"
    if layer in ("messages", "config", "actors") and path.endswith(".cpp") and not path.endswith("_actor.cpp"):
        if len(code.split("\n")) > 40 and not mirrored(path):
            yield f"{path}: has no test: add test/{path[:-4]}_test.cpp"


def promises_shown():
    """{promise: files below test/ with a test whose name begins with it}."""
    shown = {}
    for path in tracked("test/*_test.cpp"):
        text = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r'TEST_CASE(?:_FIXTURE)?\(\s*(?:\w+,\s*)?"([^":]*)', text):
            for promise in re.findall(r"\b[DLCOM]\d+\b", name):
                shown.setdefault(promise, set()).add(path[len("test/"):])
    return shown


def faults_of_invariants():
    """The table of promises must name the tests that there are."""
    shown = promises_shown()
    text = (ROOT / "docs/invariants.md").read_text(encoding="utf-8")
    for promise, cell in re.findall(r"^\| ([A-Z]\d+) \|.*\| ([^|]*) \|$", text, re.M):
        listed = set(re.findall(r"`([^`]+)`", cell))
        for file in sorted(listed ^ shown.get(promise, set())):
            yield f"docs/invariants.md: {promise}: {'remove' if file in listed else 'add'} {file}"


def reached_from(path, seen):
    """The headers of this tree that `path` includes, itself first; each once."""
    if path in seen or not (ROOT / path).exists():
        return
    seen.add(path)
    yield path
    for include in re.findall(r'#include\s+"([^"]+)"', (ROOT / path).read_text(encoding="utf-8")):
        yield from reached_from(include, seen)


def faults_of_public_headers():
    """Programs that do not know CAF include these."""
    for public in PUBLIC_HEADERS:
        for path in reached_from(public, set()):
            found = re.search(r"#include\s+<(caf/[^>]+)>", (ROOT / path).read_text(encoding="utf-8"))
            if found:
                yield f"{path}: includes {found.group(1)}, and {public} leads here: keep CAF out of its reach"


def mirrored(path):
    """A pure .cpp is tested by the file of its name, or by one of its folder that includes its header."""
    if (ROOT / "test" / (path[:-4] + "_test.cpp")).exists():
        return True
    header = path[:-4] + ".hpp"
    return any(f'"{header}"' in (ROOT / test).read_text(encoding="utf-8") for test in tracked("test/*_test.cpp"))


def main():
    faults = [fault for path in tracked("*.cpp", "*.hpp") for fault in faults_of(path)]
    faults += faults_of_invariants()
    faults += faults_of_public_headers()
    print("\n".join(faults) if faults else "the house is tidy")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
