"""The command ``nemo``: thin layers over what Python offers, one file per subcommand. See ``nemo --help``."""
