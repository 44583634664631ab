"""``python -m fedcare``: the same program as ``fedcare``."""

from fedcare.cli.app import main

if __name__ == "__main__":
    main()
