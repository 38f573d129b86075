"""The program and its subcommands: arguments in, one clear line and an exit status out."""
