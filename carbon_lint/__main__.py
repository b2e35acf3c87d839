"""`python -m carbon_lint`."""

from carbon_lint.cli import console

if __name__ == "__main__":
    console()
