"""`python -m sim` is `hongbao`."""

from sim.cli import main

if __name__ == "__main__":
    main()
