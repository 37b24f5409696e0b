"""A million orders are read within a minute or so and in bounded memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scenarios.tables.read import EXAMPLE

NUM_ORDERS = 1_000_000

CODE = """
import json, sys, time
from pathlib import Path
from scenarios.tables.problems import Problems
from scenarios.tables.read import folder_of, read_folder
begin = time.process_time()
problems = Problems()
scenario, tables = read_folder(folder_of(sys.argv[1]), problems)
# Not getrusage: that counts what the process was forked from, which is as large as the tests before.
status = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].split()[0])
print(json.dumps([scenario is not None, problems.total, len(tables["orders"]), time.process_time() - begin, peak]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process's own peak of memory is read on Linux")
@pytest.mark.parametrize("region", ["madrid", "moon"])
def test_a_million_orders(tmp_path, fresh_process, region):
    place = shutil.copytree(EXAMPLE, tmp_path / "large")
    with (place / "orders.csv").open("w") as orders, (place / "order_lines.csv").open("w") as lines:
        orders.write("order_id,placed_at,region_id,promise_at,customer_id\n")
        lines.write("order_id,sku_id,units,margin_currency\n")
        for number in range(NUM_ORDERS):
            minute, second = divmod(number * 7919 % (5 * 86_400), 60)
            day, hour = 10 + minute // 1440, minute // 60 % 24
            placed, promise = f"2025-03-{day}T{hour:02}:{minute % 60:02}:{second:02}", f"2025-03-{day + 2}T23:59"
            orders.write(f"O{number:07},{placed},{region},{promise},C{number % 300_000}\n")
            lines.write(f"O{number:07},mug,1,{number % 2000 / 100}\nO{number:07},teapot,2,\n")
    is_sound, num_problems, num_orders, seconds, peak = json.loads(fresh_process(CODE, str(place)))
    assert num_orders == NUM_ORDERS
    assert (is_sound, num_problems) == ((True, 0) if region == "madrid" else (False, NUM_ORDERS))
    assert seconds < 120
    assert peak < 1_500_000  # kilobytes
