"""Frozen entities to plain JSON values and back, driven by their annotations alone."""

from __future__ import annotations

import dataclasses
import numbers
import types
import typing
from typing import Any

from scenarios.errors import InputError, unknown_name
from scenarios.handling import Handling, handling_mask, handling_names


def encode(value: Any) -> Any:
    """An entity as dicts, lists, texts and numbers."""
    if isinstance(value, Handling):
        return handling_names(value)
    if dataclasses.is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    return value


def decode(kind: Any, data: Any, path: str) -> Any:
    """The entity of type ``kind`` behind what ``encode`` gave; its own checks run again.

    Raises:
        InputError: unknown or missing field, wrong shape, or whatever the entity itself refuses.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if not isinstance(data, list):
            raise InputError(path, data, "a list", "write a JSON list")
        return tuple(decode(arguments[0], item, f"{path}[{position}]") for position, item in enumerate(data))
    if origin in (types.UnionType, typing.Union):
        present = [option for option in arguments if option is not type(None)]
        return None if data is None else decode(present[0], data, path)
    if kind is Handling:
        if not isinstance(data, list):
            raise InputError(path, data, "a list of handling names", 'write a list such as ["cold"]')
        return handling_mask(data)
    if dataclasses.is_dataclass(kind):
        return _decode_entity(kind, data, path)
    return data


def _decode_entity(kind: Any, data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise InputError(path, data, f"an object with the fields of {kind.__name__}", "write a JSON object")
    annotations = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in data:
        if name not in fields:
            raise unknown_name(f"{path} field", name, fields)
    for name, field in fields.items():
        is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_required and name not in data:
            raise InputError(f"{path}.{name}", None, f"the field {name!r} of {kind.__name__}", "add it")
    return kind(**{name: decode(annotations[name], value, f"{path}.{name}") for name, value in data.items()})
