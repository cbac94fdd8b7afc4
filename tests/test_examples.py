"""The files of docs/examples are read, and their commands are run as far as this machine has what they need."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
YAML = sorted([*EXAMPLES.rglob("*.yml"), *EXAMPLES.rglob("*.yaml")])
ACTION = yaml.safe_load((EXAMPLES / "gate-action" / "action.yml").read_text())
PODS = list(yaml.safe_load_all((EXAMPLES / "kubernetes" / "two-pods.yaml").read_text()))
DEFINITION = (ROOT / "tests" / "layer" / "reference-layer.toml").read_text()
LIBRARY = ROOT / "tests" / "layer" / "build" / "libgvblayer.so"
KUBECTL = """#!/bin/sh
# Stands for a cluster: a pod is a process in which the device plugin has switched its layer on.
[ "$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT" = kubernetes.default.svc:443 ] || exit 65
[ "$1 $2 $4" = "exec -i --" ] || exit 64
case "$3" in gvb-tenant-[01]) ;; *) echo "no pod $3" >&2; exit 1 ;; esac
echo "$3" >>{folder}/entered
shift 4
export LD_PRELOAD={folder}/libvgpu.so LAYER_MEMORY_LIMIT={bytes} LAYER_SHARE=0.5 PYTHONPATH={package}
exec "$@"
"""


def shell(command: str, folder: Path, **env: object) -> subprocess.CompletedProcess[str]:
    """A command of an example, with this installation in PATH."""
    given = {**os.environ, "PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    given |= {name: str(value) for name, value in env.items()}
    return subprocess.run(["bash", "-ec", command], cwd=folder, env=given, capture_output=True, text=True)


def of_kind(kind: str) -> dict:
    """The one object of a kind among the manifests."""
    (found,) = [one for one in PODS if one["kind"] == kind]
    return found


def commands(text: str) -> list[list[str]]:
    """Our commands in a file, word by word."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [
        line.split() for line in re.findall(r"(?<![\w/.-])gpu-virt-bench ((?:run|compare|score|gate) [^\n]*)", joined)
    ]


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_an_example_is_yaml_and_its_commands_have_their_options(path: Path) -> None:
    text = path.read_text()
    assert list(yaml.safe_load_all(text))
    found = commands(re.sub(r">-\n((?: {8,}\S.*\n)+)", lambda block: " ".join(block[1].split()) + "\n", text))
    assert {"run"} < {words[0] for words in found}
    for words in found:
        known = re.findall(r"--[\w-]+", shell(f"gpu-virt-bench {words[0]} --help", ROOT).stdout)
        assert [word for word in words if word.startswith("--") and word not in known] == []


def gated(folder: Path, candidate: Path) -> subprocess.CompletedProcess[str]:
    """The action's steps, all but the installation, until one fails."""
    (folder / "layer.toml").write_text(DEFINITION)
    inputs = {name: value.get("default", "") for name, value in ACTION["inputs"].items()}
    inputs |= {"system": "layer.toml", "baseline-library": str(LIBRARY), "candidate-library": str(candidate)}
    for step in [step for step in ACTION["runs"]["steps"] if step.get("name") not in (None, "Install GPU-Virt-Bench")]:
        env = {name: inputs[re.fullmatch(r"\$\{\{ inputs\.(\S+) }}", value)[1]] for name, value in step["env"].items()}
        done = shell(step["run"], folder, **env, GITHUB_STEP_SUMMARY=folder / "summary.md")
        if done.returncode:
            break
    return done


def test_the_action_passes_an_equal_layer(layer, tmp_path) -> None:
    done = gated(tmp_path, LIBRARY)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gate-run" / "gate.xml").exists()
    assert "Gate passed" in done.stdout


def test_the_action_fails_for_a_library_that_is_no_layer(layer, tmp_path) -> None:
    done = gated(tmp_path, ROOT / "src" / "gpu_virt_bench" / "libgvb" / "libgvb.so")
    assert done.returncode == 2
    assert "candidate is not in force" in done.stderr


def test_every_input_of_the_action_is_used() -> None:
    text = str(ACTION["runs"])
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []


def test_the_limits_of_the_pods_are_those_that_the_job_asks_for() -> None:
    limits = of_kind("StatefulSet")["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    (command,) = of_kind("Job")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert f"--memory-limit {limits['nvidia.com/gpumem']} --compute-limit {limits['nvidia.com/gpucores']}" in command
    assert f"--tenants {of_kind('StatefulSet')['spec']['replicas']} " in command


def test_the_names_of_the_manifests_agree() -> None:
    job, tenants = of_kind("Job")["spec"]["template"]["spec"], of_kind("StatefulSet")
    selected = job["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["labelSelector"]
    assert selected["matchLabels"] == tenants["spec"]["template"]["metadata"]["labels"]
    assert job["serviceAccountName"] == of_kind("ServiceAccount")["metadata"]["name"]
    assert job["volumes"][0]["configMap"]["name"] == of_kind("ConfigMap")["metadata"]["name"]
    assert f"statefulset/{tenants['metadata']['name']}" in job["initContainers"][0]["command"]


def job(folder: Path, limit: int, metrics: str) -> subprocess.CompletedProcess[str]:
    """The job's command on the emulated GPU, a short suite in the place of its own; the pods have that memory, MiB."""
    (folder / "two-pods.toml").write_text(of_kind("ConfigMap")["data"]["two-pods.toml"])
    (folder / "kubectl").write_text(KUBECTL.format(folder=folder, bytes=limit << 20, package=ROOT / "src"))
    (folder / "kubectl").chmod(0o755)
    shutil.copy(LIBRARY, folder / "libvgpu.so")
    (command,) = of_kind("Job")["spec"]["template"]["spec"]["containers"][0]["args"]
    short = f"--suite gate --device emulated --metrics {metrics} --repetitions 1 --iterations 2"
    command = command.replace("/systems/", f"{folder}/").replace("/results", f"{folder}/results")
    return shell(command.replace("--suite quick", short), folder)


def test_the_job_measures_inside_both_pods(layer, tmp_path) -> None:
    done = job(tmp_path, 8192, "OH-001,OH-006")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set((tmp_path / "entered").read_text().split()) == {"gvb-tenant-0", "gvb-tenant-1"}
    assert "two-pods" in done.stdout


def test_the_job_refuses_pods_that_have_other_limits(layer, tmp_path) -> None:
    done = job(tmp_path, 4096, "OH-001")
    assert done.returncode == 2
    assert "memory_total is 4294967296, expected 8589934592" in done.stderr
