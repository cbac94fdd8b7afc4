#!/bin/sh
# The hardware sessions of docs/results as pages: docs/results/pages/*.html and *.pdf.  sh docs/pages.sh
set -eu
cd "$(dirname "$0")/results"
report() {
  name=$1
  shift
  "${GVB:-gpu-virt-bench}" report "$@" -o "pages/$name.html" -o "pages/$name.pdf"
}
mkdir -p pages
report h200-overhead h200/overhead/native.json h200/overhead/time-slicing.json h200/overhead/mps.json h200/overhead/hami-core.json
report h100-overhead h100/overhead/native.json h100/overhead/mps.json h100/overhead/hami-core.json
report h100-quick h100/quick/native.json h100/quick/hami-core.json
report h100-rounds h100/rounds/native.json h100/rounds/hami-core.json
report h100-neighbors h100/neighbors/five/time-slicing.json h100/neighbors/five/mps.json
report h100-isolation h100/neighbors/isolation/*.json h100/neighbors/hami-core/hami-core.json
