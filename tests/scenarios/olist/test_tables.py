from __future__ import annotations

import gzip

import pandas as pd
import pytest

from scenarios.errors import InputError
from scenarios.olist.tables import data_folder, read_tables


def test_plain_and_gzipped_tables_read_the_same(tables, tmp_path, written, made_up_data):
    plain, zipped = read_tables(made_up_data), read_tables(written(tables, is_gzipped=True))
    assert plain.keys() == zipped.keys()
    for name in plain:
        pd.testing.assert_frame_equal(plain[name], zipped[name])


def test_all_rows_and_wanted_columns_are_read(tables, made_up_data):
    read = read_tables(made_up_data)
    assert {name: len(table) for name, table in read.items()} == {name: len(table) for name, table in tables.items()}
    assert "shipping_limit_date" not in read["items"]
    assert "sample_id" not in read["orders"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tables, written):
    folder = written(tables)
    path = folder / "product_category_name_translation.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert "product_category_name" in read_tables(folder)["translation"]


def test_the_raw_geolocation_is_read_too(tables, written):
    tables["olist_geolocation_dataset"] = tables.pop("geolocation")
    assert len(read_tables(written(tables))["geolocation"]) == 8


def test_the_translation_may_be_absent(tables, written):
    del tables["translation"]
    assert len(read_tables(written(tables))["translation"]) == 0


def test_missing_files_are_named(tables, written):
    del tables["items"], tables["sellers"]
    with pytest.raises(InputError, match=r"olist_order_items_dataset.csv, olist_sellers_dataset.csv"):
        read_tables(written(tables))


def test_a_missing_column_is_named(tables, written):
    tables["orders"] = tables["orders"].rename(columns={"order_estimated_delivery_date": "promise"})
    with pytest.raises(InputError, match="also order_estimated_delivery_date") as caught:
        read_tables(written(tables))
    assert "olist_orders_dataset.csv" in caught.value.key


@pytest.mark.parametrize("kept", [0, 5, 400])
def test_a_truncated_gzip_is_refused(tables, written, kept):
    folder = written(tables, is_gzipped=True)
    path = folder / "olist_orders_dataset.csv.gz"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="complete CSV file") as caught:
        read_tables(folder)
    assert caught.value.value == str(path)


def test_a_gzip_with_a_wrong_checksum_is_refused(tables, written):
    folder = written(tables, is_gzipped=True)
    path = folder / "olist_orders_dataset.csv.gz"
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="complete CSV file"):
        read_tables(folder)


def test_a_file_that_ends_within_a_line_is_refused(tables, written):
    folder = written(tables)
    path = folder / "olist_orders_dataset.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n").rsplit(b",", 3)[0])
    with pytest.raises(InputError, match="last line") as caught:
        read_tables(folder)
    assert "copy the file again" in caught.value.remedy


def test_a_missing_final_line_break_is_fine(tables, written):
    folder = written(tables)
    path = folder / "olist_orders_dataset.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert len(read_tables(folder)["orders"]) == len(tables["orders"])


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00broken", b"order_id,customer_id\n1,2,3,4\n", gzip.compress(b"order_id\n", mtime=0)]
)
def test_what_is_no_such_table_is_refused(tables, written, content):
    folder = written(tables)
    (folder / "olist_orders_dataset.csv").write_bytes(content)
    with pytest.raises(InputError, match="olist_orders_dataset"):
        read_tables(folder)


def test_a_line_with_too_many_fields_is_refused(tables, written):
    folder = written(tables)
    path = folder / "olist_sellers_dataset.csv"
    path.write_bytes(path.read_bytes() + b"seller99,1001,sao paulo,SP,more\n")
    with pytest.raises(InputError, match="olist_sellers_dataset"):
        read_tables(folder)


def test_no_folder_says_where_the_data_is_to_be_had(monkeypatch, tmp_path):
    monkeypatch.delenv("ROUTELAB_DATA", raising=False)
    with pytest.raises(InputError, match="Brazilian E-Commerce Public Dataset by Olist"):
        data_folder(None)
    with pytest.raises(InputError, match="data=DIR"):
        data_folder(tmp_path / "nowhere")


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    (tmp_path / "olist_sample").mkdir()
    monkeypatch.setenv("ROUTELAB_DATA", str(tmp_path))
    assert data_folder(None) == tmp_path / "olist_sample"
