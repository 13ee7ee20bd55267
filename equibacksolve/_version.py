"""The version of the package: the one place where it stands; the build reads it from here."""

__version__ = "0.3.0"
