"""Where bundles lie: those below one directory may be loaded, each is verified whenever it is taken."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agents.bundle import BundleAgent
from scenarios.errors import InputError
from serve.decisions.service import DecisionService
from serve.orders.order import Conflict


class Shelf:
    """Bundles for the scenario that the endpoint was started with.

    Args:
        base: what it was started with.
        directory: below which folders may be loaded; None: none may.
    """

    def __init__(self, base: DecisionService, directory: Path | None) -> None:
        self._base = base
        self._directory = None if directory is None else directory.resolve()
        self._looked_up: DecisionService | None = None

    def take(self, folder: str) -> DecisionService:
        """A service on the bundle in ``folder``, a name below the directory.

        Raises:
            InputError: none of the directory's, not sound, or for another scenario.
        """
        if self._directory is None:
            remedy = "start the endpoint with --policies DIR"
            raise InputError("folder", folder, "a folder of the directory that --policies names", remedy)
        try:
            path = (self._directory / folder).resolve(strict=True)  # where links lead counts, not how they are called
        except (OSError, ValueError, RuntimeError):  # nothing there, links in a circle, a zero in the name
            path = self._directory
        if self._directory not in path.parents:
            raise InputError("folder", folder, "a folder below that of --policies", "correct the name")
        return self._verified(path)

    def find(self, sha256: str, folders: Iterable[str]) -> DecisionService:
        """The bundle of this SHA-256, in one of the folders where it lay, or in one of the same name in the directory.

        Raises:
            Conflict: it is in none of them.
        """
        if self._looked_up is not None and self._looked_up.policy.bundle_sha256 == sha256:
            return self._looked_up
        paths = [Path(folder) for folder in folders]
        if self._directory is not None:
            paths += [self._directory / path.name for path in paths]
        for path in dict.fromkeys(paths):
            try:
                service = self._verified(path)
            except InputError:
                continue
            if service.policy.bundle_sha256 == sha256:
                self._looked_up = service
                return service
        raise Conflict(InputError("bundle", sha256, "a bundle that is there", "put its folder back"))

    def _verified(self, path: Path) -> DecisionService:
        """Checksums, schema, golden cases and the scenario hold, or it is refused."""
        try:
            service = DecisionService(BundleAgent(path), self._base.budget_seconds)
        except InputError as error:
            key = error.key.replace(f"bundle {path}", "folder")
            raise InputError(key, error.value, error.expected, error.remedy) from error
        except Exception as error:  # whatever is in the folder, the endpoint goes on
            raise InputError("folder", type(error).__name__, "a sound bundle", "export the policy again") from error
        if service.reader.public != self._base.reader.public:
            expected = f"the public scenario that the endpoint was started with, {self._base.policy.scenario_id}"
            remedy = "export it for this scenario, or start an endpoint with it"
            raise InputError("folder public.json", service.policy.scenario_id, expected, remedy)
        return service
