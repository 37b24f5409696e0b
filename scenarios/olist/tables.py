"""Reading the published tables: which files, which columns, and what is said when they are not so."""

from __future__ import annotations

import gzip
import io
import os
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scenarios.errors import InputError

DATASET = "Brazilian E-Commerce Public Dataset by Olist"
ENVIRONMENT = "ROUTELAB_DATA"
"""Environment variable with a folder that may hold ``olist_sample``."""

_HOW = (
    f"get the published {DATASET!r} (plain or gzipped CSV files) and pass its folder as data=DIR, or set "
    f"{ENVIRONMENT} to the folder that holds it as olist_sample"
)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A published table.

    Attributes:
        stems: file names without ``.csv`` or ``.csv.gz``; the first one that is there is read.
        columns: those that must be there; others are left alone.
        optional: columns that are read if they are there.
        is_required: otherwise an absent file is an empty table.
    """

    stems: tuple[str, ...]
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    is_required: bool = True


SPECS: dict[str, TableSpec] = {
    "orders": TableSpec(
        ("olist_orders_dataset",),
        (
            "order_id",
            "customer_id",
            "order_status",
            "order_purchase_timestamp",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        ),
        ("sample_id",),
    ),
    "items": TableSpec(
        ("olist_order_items_dataset",),
        ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
    ),
    "customers": TableSpec(
        ("olist_customers_dataset",),
        ("customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"),
    ),
    "products": TableSpec(("olist_products_dataset",), ("product_id", "product_category_name", "product_weight_g")),
    "sellers": TableSpec(
        ("olist_sellers_dataset",), ("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state")
    ),
    "geolocation": TableSpec(
        ("olist_geolocation_zip_prefix", "olist_geolocation_dataset"),
        ("geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng"),
    ),
    "translation": TableSpec(
        ("product_category_name_translation",),
        ("product_category_name", "product_category_name_english"),
        is_required=False,
    ),
}
"""The tables that are read; payments and reviews are not needed."""

Tables = dict[str, pd.DataFrame]


def data_folder(data: str | os.PathLike[str] | None) -> Path:
    """The folder to read: ``data`` if given, else ``olist_sample`` in the folder that ``ROUTELAB_DATA`` names.

    Raises:
        InputError: neither is given, or it is no folder.
    """
    if data is None:
        home = os.environ.get(ENVIRONMENT)
        if not home:
            raise InputError("olist-pooled data", None, "the folder with the Olist tables", _HOW)
        data = Path(home) / "olist_sample"
    folder = Path(data)
    if not folder.is_dir():
        raise InputError("olist-pooled data", str(folder), "a folder with the Olist tables", _HOW)
    return folder


def read_tables(folder: Path) -> Tables:
    """All tables of ``SPECS`` as texts (empty fields are missing); numbers and times are read when cleaning.

    Raises:
        InputError: a file is missing, truncated, not CSV, or lacks a column.
    """
    missing = [
        spec.stems[0] + ".csv"
        for spec in SPECS.values()
        if spec.is_required and not any(_candidates(folder, spec.stems))
    ]
    if missing:
        raise InputError("Olist files", str(folder), "also " + ", ".join(missing) + " (or with .gz)", _HOW)
    return {name: _read(folder, spec) for name, spec in SPECS.items()}


def _candidates(folder: Path, stems: tuple[str, ...]) -> list[Path]:
    paths = [folder / (stem + suffix) for stem in stems for suffix in (".csv", ".csv.gz")]
    return [path for path in paths if path.is_file()]


def _read(folder: Path, spec: TableSpec) -> pd.DataFrame:
    paths = _candidates(folder, spec.stems)
    if not paths:
        return pd.DataFrame({column: pd.Series(dtype=str) for column in spec.columns})
    path = paths[0]
    content = _content(path)
    try:
        header = pd.read_csv(io.BytesIO(content), dtype=str, encoding="utf-8-sig", nrows=0).columns
        absent = [column for column in spec.columns if column not in header]
        if absent:
            raise InputError(
                f"columns of {path.name}", ", ".join(header), "also " + ", ".join(absent), "use the published table"
            )
        _check_last_line(path, content, len(header))
        wanted = [column for column in header if column in spec.columns + spec.optional]
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # lines that are all too long
            table = pd.read_csv(
                io.BytesIO(content),
                dtype=str,
                encoding="utf-8-sig",
                keep_default_na=False,
                na_values=[""],
                index_col=False,
            )
        return table[wanted]
    except InputError:
        raise
    except (
        ValueError,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
    ) as error:  # EmptyDataError and UnicodeDecodeError are ValueErrors
        raise _broken(path, error) from error


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:  # BadGzipFile is an OSError
        raise _broken(path, error) from error


def _check_last_line(path: Path, content: bytes, num_columns: int) -> None:
    """A file that was cut off ends within a line; one without a final line break need not."""
    last = content.rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
    if not content.endswith(b"\n") and len(pd.read_csv(io.BytesIO(last), header=None, dtype=str).columns) < num_columns:
        raise InputError(
            f"last line of {path.name}", last.decode(errors="replace"), f"{num_columns} fields", "copy the file again"
        )


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(
        f"file {path.name}",
        str(path),
        f"a complete CSV file, plain or gzipped ({type(error).__name__}: {error})",
        "copy or download the file again",
    )
