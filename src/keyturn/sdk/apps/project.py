"""What the client app and the server app alike can tell about the project."""

from __future__ import annotations

from typing import Generic

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resources.project import Project
from keyturn.sdk.values import at


class ProjectOperations(BaseApp[S_co], Generic[S_co]):
    """The project itself."""

    @operation
    def get_project(self) -> Steps[Project]:
        """Return the project and what its sign-in page needs to know (``GET /projects/current``).

        Raises:
            CurrentProjectNotFound: there is no such project.
        """
        return Project.read((yield from self._as_project.get(at("projects", "current"))))
