"""Runs the command line: `python -m endpoint_deployer`."""

from endpoint_deployer.app import main

if __name__ == "__main__":
    main()
