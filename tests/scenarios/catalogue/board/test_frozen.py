"""What is published is frozen: the trace of seed 0 of every scenario of the board, byte for byte.

A change of one of these worlds is a new version with an id of its own. ``routelab trace scenario=NAME seed=0`` prints
the hash.
"""

import pytest

from scenarios import draw_trace, load_scenario

SHA256 = {
    "ample-stock@1": "d011ba3f39e1a7567f40ae0a5de0eb32b1ada0cc1441a954b43d47a16fa8abc4",
    "carrier-regime@1": "1056b00416da25634d64c87e998244e8d16e7b1041728830769067800f3af49a",
    "cutoff-congestion@1": "770c6c29cfd9335b6aef0bf5436bc27f4e7fca6dd9afe2a6d3234ed7bfc1cb84",
    "hold-consolidate@1": "4dd3c8c34a77bbaf067550fb43c572e8b3161031805746ca2ddff037e9fa4610",
    "jasin-sinha@1": "5d6816285ca2fe9d1ff84525184a3b2a0c2482215f370dce8ee00ce90aac0e69",
    "misplaced-scarce@1": "66bc2d33546476025e562bb277b0a29f6241a4d4210d40ea3b7a767884b97529",
    "peak-regime@1": "0376c6eadfe9160a1f7dc2f25d4e2e38e4c91e186fd69897f5bec7f96287badd",
    "presale-split@1": "53297f9ac9a3a0a567f8ed35e8b2e7ac5a956f24878f15de23cd7a48678ee91d",
    "single-warehouse@1": "ccac59c1399a56677940d981ba4cb98d6c1412693558bf4415b0ef233ddae135",
    "stationary@1": "dd0c319943dcdef101d7827d4ebdd0a80ea034ddbac6f7368caaa9c543257f6c",
    "tiny@1": "7155a0c7e4c0948d1bda198a23159b0018d85e1eb8cc78bd64df3aa2a3ed0881",
    "two-tier@1": "c799072d6e7b00751037ea0235dd64154347a72eb9d4afd49e5d85834e2bd5f7",
}


@pytest.mark.parametrize("scenario_id", sorted(SHA256))
def test_the_trace_of_seed_0_is_as_published(scenario_id):
    assert draw_trace(load_scenario(scenario_id), 0).sha256 == SHA256[scenario_id]
