"""What the documents promise exists: commands, Make targets, files; and nothing names one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import routelab

IGNORED = {".git", ".venv", "runs", "multirun", "outputs", "mlruns", "build", "dist"}


def project_files(root: Path) -> list[Path]:
    """The files that belong to the project: git's answer, or all but the ignored folders without git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True).stdout
        found = [root / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in root.rglob("*") if not (IGNORED | {"__pycache__"}) & set(path.parts)]
    return [path for path in found if path.is_file()]


def texts(root: Path, *suffixes: str) -> dict[str, str]:
    """Contents of the project's text files by relative name; of those with a suffix, if any is given."""
    found = {}
    for path in project_files(root):
        if suffixes and path.suffix not in suffixes:
            continue
        try:
            found[str(path.relative_to(root))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            assert not suffixes, f"{path} is not text"
    return found


def code_in(markdown: str) -> str:
    """Fenced blocks and code spans of a page, one a line."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL))
    return "\n".join([*fenced, *spans])


def named_commands(code: str) -> set[str]:
    """Subcommands in lines that call ``routelab``; a choice such as ``trace | train`` names each."""
    found = set()
    for choice in re.findall(r"(?<![\w./-])(?:\.venv/bin/|python -m )?routelab ((?:[a-z]\w*(?: ?\| ?)?)+)", code):
        found |= {name.strip() for name in choice.split("|")}
    return found


def named_targets(code: str) -> set[str]:
    """Targets in lines that call ``make``."""
    return set(re.findall(r"(?:^|[\s;&`])make ((?!-)[a-z][\w-]*)", code, re.MULTILINE))


def test_the_readers_of_documents_read():
    page = "Type `routelab trace scenario=tiny`; make sure of it.\n```bash\n.venv/bin/routelab serve\nmake demo\n```\n"
    assert named_commands(code_in(page)) == {"trace", "serve"}
    assert named_targets(code_in(page)) == {"demo"}
    assert named_commands(code_in("`routelab trace | train`, `routelab/OrderRouting-v0`")) == {"trace", "train"}


def test_documented_commands_are_registered(repository):
    for name, text in texts(repository, ".md").items():
        unknown = named_commands(code_in(text)) - set(routelab.COMMANDS)
        assert not unknown, f"{name} names commands that routelab.py does not have: {sorted(unknown)}"


def test_commands_named_in_messages_are_registered(repository):
    for name, text in texts(repository, ".py", ".yaml", ".html", ".j2").items():
        if name.startswith("tests/"):
            continue
        unknown = named_commands("\n".join(re.findall(r"`+(routelab [^`\n]+)`+", text))) - set(routelab.COMMANDS)
        assert not unknown, f"{name} names commands that routelab.py does not have: {sorted(unknown)}"


def test_documented_make_targets_exist(repository):
    makefile = (repository / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    documented = set()
    for name, text in texts(repository, ".md").items():
        documented |= (found := named_targets(code_in(text)))
        assert found <= targets, f"{name} names targets that the Makefile does not have: {sorted(found - targets)}"
    assert {"demo", "test"} <= documented
    assert {"demo", "test", "test-slow", "lint", "types", "contracts", "bench", "clean"} <= targets


def named_modules(code: str) -> list[tuple[str, str]]:
    """Interpreter and module of lines that run one."""
    return re.findall(r"^(\S*python3?) -m ([\w.]+)", code, re.MULTILINE)


def test_documented_modules_are_there_and_run_in_the_environment(repository):
    found = 0
    for name, text in texts(repository, ".md").items():
        blocks = "\n".join(re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
        for interpreter, module in named_modules(blocks):
            assert interpreter == ".venv/bin/python", f"{name} runs {module} with {interpreter}"
            path = repository.joinpath(*module.split("."))
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{name} runs {module}"
            found += 1
    assert found > 4
    assert named_modules("python -m a.b --c") == [("python", "a.b")]


def test_every_make_target_prepares_the_environment(repository):
    makefile = (repository / "Makefile").read_text()
    for target, needs in re.findall(r"^([a-z][\w-]*):(.*)$", makefile, re.MULTILINE):
        if target not in ("help", "clean"):
            assert ".venv/.installed" in needs, target


def test_links_between_documents_lead_somewhere(repository):
    for name, text in texts(repository, ".md").items():
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not re.match(r"[a-z]+:", link):
                assert (repository / name).parent.joinpath(link).exists(), f"{name} links to {link}"


def test_every_direct_dependency_is_explained_and_pinned(repository):
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    explained = (repository / "docs/dependencies.md").read_text()
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in (repository / "constraints.txt").read_text().splitlines()
    }
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        name = re.split(r"[\[<>=!~]", requirement)[0]
        assert f"| {name} |" in explained
        assert name in pinned


def test_constraints_are_exact_public_versions(repository):
    for line in (repository / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line), line


# Written in pieces, so that this file does not match itself.
PLACES = "|".join(
    [
        r"(?<![\w./])/(?:" + "work" + r"|home/\w+|root|Users/\w+|mnt|opt)/",
        r"\bfile:" + "//",
        r"--(?:extra-)?index" + "-url",
        r"--find" + "-links",
        r"--trusted" + "-host",
        r"\b(?:pypi|files\.python" + r"hosted|download\.py" + r"torch)\.org\b",
    ]
)


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("see /" + "work/main", True),
        ("/" + "home/ada/data", True),
        ("--index" + "-url x", True),
        ("https://" + "pypi" + ".org/simple", True),
        ("clockwork/home", False),
        ("docs/" + "work/plan", False),
    ],
)
def test_the_search_for_places_finds(line, is_found):
    assert bool(re.search(PLACES, line)) is is_found


def test_no_file_names_a_machine_path_or_an_index_host(repository):
    for name, text in texts(repository).items():
        for number, line in enumerate(text.splitlines(), start=1):
            assert not re.search(PLACES, line), f"{name}:{number} names a place that others do not have: {line.strip()}"


def test_no_file_relies_on_a_neighbouring_folder(repository):
    for name, text in texts(repository, ".py", ".md", ".yaml", ".toml").items():
        if not name.startswith("tests/"):
            assert "../" + "shared" not in text, name
