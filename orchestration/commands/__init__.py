"""The commands of the command line, by what they are for; `orchestration.cli` lists them."""
