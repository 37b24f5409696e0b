"""``routelab demo``: the whole lab in a few minutes, step by step, each step a command that one can type."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from agents.registry import load_agent
from envs.simulation import simulate
from experiments import evaluate, export, train
from experiments.client import ask_server
from experiments.console import Steps, getting_ready, make_console
from experiments.evaluation import warm_up
from experiments.narrative import life_of, telling_order
from experiments.record import Run, read_json, write_json
from experiments.settings import ScenarioChoice, check_count, check_flag, launch
from experiments.traces import scenario_of
from scenarios.draw import draw_trace
from scenarios.money import UNIT_MILLICENTS
from scenarios.seeds import TEST

COMMAND = "demo"
QUICK_SCENARIO, QUICK_TRACES = "tiny", 4
QUICK_TRAINING = {
    "value_traces": 4,
    "value_checks": 4,
    "total_steps": 1024,
    "num_envs": 4,
    "group_size": 4,
    "num_steps": 64,
    "batch_size": 256,
}
"""A miniature that shows every step and learns next to nothing."""


def main(arguments: list[str]) -> int:
    """Runs the demo; see ``configs/demo.yaml`` for its settings."""
    found: list[tuple[dict[str, Any], Path]] = []

    def remember(settings: dict[str, Any], folder: Path) -> int:
        found.append((settings, folder))
        return 0

    launch(COMMAND, remember, arguments)
    for settings, folder in found:  # outside Hydra, because each step is a Hydra command of its own
        run_demo(settings, folder, tuple(arguments))
    return 0


def run_demo(settings: dict[str, Any], folder: Path, arguments: tuple[str, ...] = ()) -> Run:
    """All steps; everything lands in ``folder``. A demo that was interrupted goes on there.

    Raises:
        InputError: a setting that cannot be used.
    """
    is_quick = check_flag("quick", settings["quick"])
    choice = ScenarioChoice(QUICK_SCENARIO) if is_quick else ScenarioChoice.of(settings["scenario"])
    traces = QUICK_TRACES if is_quick else check_count("traces", settings["traces"])
    training = {**(QUICK_TRAINING if is_quick else {}), **settings["train"]}
    workers = 1 if is_quick else check_count("workers", settings["workers"], 1, 256)
    scenario_of(choice)
    console = make_console()
    run = Run.begin(folder, COMMAND, settings, arguments)
    steps = Steps(console, 6)
    common = [f"mlflow={str(settings['mlflow']).lower()}", f"mlflow_uri={settings['mlflow_uri']}"]
    world = [f"scenario={choice.name}", *(f"scenario.{key}={_text(value)}" for key, value in choice.overrides.items())]
    trained, bundle, compared = run.path("train"), run.path("bundle"), run.path("evaluate")

    steps.next(f"Orders, stock and trucks of {choice.name}, told by the SimPy clock")
    tell(choice, console)
    steps.next("An agent learns to route")
    tuned = [f"train.{key}={_text(value)}" for key, value in training.items()]
    _type(console, train.main, "train", [*world, *tuned, f"run_dir={trained}", *common])
    steps.next("The policy becomes a bundle that needs no learning library")
    _type(console, export.main, "export", [f"run={trained}", f"bundle={bundle}", "replace=true"])
    steps.next(f"Everybody routes the same {traces} unseen traces")
    words = [f"agents=[heuristics,{bundle}]", f"traces={traces}", f"training_run={trained}", f"workers={workers}"]
    _type(console, evaluate.main, "evaluate", [*world, *words, f"run_dir={compared}", *common])
    steps.next("The report")
    report = compared / "report.html"
    console.print(f"{report.resolve()}\n{compared.resolve() / 'figures'}", markup=False, soft_wrap=True)
    steps.next("The policy answers an order over HTTP")
    answer = ask(bundle, run, console)

    headline = read_json(compared / "comparison.json")["headline"]
    run.finish(
        scenario_id=scenario_of(choice).id, headline=headline, answer=answer, facts={"duration": steps.elapsed()}
    )
    console.rule(f"[bold]Done[/bold]  [dim]{steps.elapsed()}[/dim]", align="left")
    console.print("\n".join(headline), markup=False)
    console.print(f"Open {report} in a browser.", markup=False, soft_wrap=True)
    return run


def _text(value: object) -> str:
    return json.dumps(value) if not isinstance(value, str) else value


def _type(console: Console, command: Callable[[list[str]], int], name: str, arguments: list[str]) -> None:
    """Shows a command and runs it."""
    console.print(f"$ {shlex.join(['routelab', name, *arguments])}", style="cyan", markup=False, soft_wrap=True)
    command(arguments)


def tell(choice: ScenarioChoice, console: Console) -> None:
    """Simulates one trace and prints the life of one order."""
    with getting_ready(console):
        warm_up("simpy")
    trace = draw_trace(scenario_of(choice), TEST.start)
    agent = load_agent("myopic")
    began = time.perf_counter()
    simulation = simulate(trace, agent, "simpy", level="events")
    seconds = time.perf_counter() - began
    console.print(
        f"{trace.num_orders:,} orders, {simulation.events.num_rows:,} events in {seconds:.1f} s; {agent.name} routes "
        f"at {simulation.metrics['cost_per_order']:.2f} per order. One order's story:"
    )
    for line in life_of(simulation, telling_order(simulation)):
        console.print(f"  {line}", markup=False)


def ask(bundle: Path, run: Run, console: Console) -> dict[str, Any]:
    """Starts the endpoint, sends an order and prints the decision with its reasons."""
    with console.status("The endpoint checks the bundle and gets ready"):
        request, answer = ask_server(bundle)
    write_json(run.path("order.json"), request)
    write_json(run.path("decision.json"), answer)
    order, plan = request["order"], answer["plan"]
    lines = ", ".join(f"{line['units']} x {line['sku']}" for line in order["lines"])
    console.print(f"Order {answer['order_id']}: {lines}; promised by {answer['promise_at']}", markup=False)
    console.print(
        f"Decided by {answer['stage']} among {answer['num_plans']} plans in {answer['latency_ms']:.1f} ms:",
        markup=False,
    )
    for parcel in plan["parcels"] if plan else ():
        goods = ", ".join(f"{line['units']} x {line['sku']}" for line in parcel["lines"])
        console.print(
            f"  {parcel['warehouse']} with {parcel['service']}: {goods}; collected {parcel['collection_at']}, "
            f"expected {parcel['expected_delivery_at']}, quoted {parcel['quoted_delivery_at']}",
            markup=False,
        )
    if plan:
        console.print(f"  expected cost {plan['total_millicents'] / UNIT_MILLICENTS:.2f}", markup=False)
    for reason in answer["reasons"]:
        console.print(f"  - {reason}", markup=False)
    console.print(f"Ask it yourself: routelab serve --bundle {bundle}", markup=False, soft_wrap=True)
    return {"stage": answer["stage"], "latency_ms": answer["latency_ms"], "num_plans": answer["num_plans"]}
