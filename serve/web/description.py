"""The OpenAPI description: what the framework finds in the code, and who may ask."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from serve.web.guard import OPEN

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "a token of the endpoint, made with `routelab token`; not asked for in development mode",
}


class Described(FastAPI):
    """An application whose description tells which paths need a token."""

    def openapi(self) -> dict[str, Any]:
        """The description, OpenAPI 3.1."""
        is_new = self.openapi_schema is None
        schema = super().openapi()
        if is_new:
            schema.setdefault("components", {})["securitySchemes"] = {"token": _BEARER}
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    operation["security"] = [] if path in OPEN else [{"token": []}]
        return schema
