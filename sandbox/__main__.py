"""`python -m sandbox serve` and `python -m sandbox demo`."""

import argparse
import sys

from sandbox import demo, serve


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A Bitbucket stand-in")
    commands = parser.add_subparsers(dest="command", required=True)
    serve.add_options(commands.add_parser("serve", help="serve until SIGTERM"))
    commands.add_parser("demo", help="get a token from the stand-in and use it, as a CI step would")
    options = parser.parse_args()
    return demo.demo() if options.command == "demo" else serve.serve(options)


if __name__ == "__main__":
    sys.exit(main())
