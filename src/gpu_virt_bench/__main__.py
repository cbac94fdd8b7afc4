"""`python -m gpu_virt_bench` is the command line."""

from gpu_virt_bench.cli import main

if __name__ == "__main__":
    main()
