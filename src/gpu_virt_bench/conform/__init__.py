"""The conformance table: what a CUDA driver, or a layer over it, answers to right and wrong calls.

`rows/` has the table, one module a family. `python -m gpu_virt_bench.conform` asks some of its rows in a process of
its own (`__main__`), which `asking` starts and hears. It needs the standard library alone: it runs inside systems.
"""
