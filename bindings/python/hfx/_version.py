"""The version of this package: that of the header it was made from."""

from ._native import HFX_VERSION_MAJOR, HFX_VERSION_MINOR, HFX_VERSION_PATCH

VERSION = f"{HFX_VERSION_MAJOR}.{HFX_VERSION_MINOR}.{HFX_VERSION_PATCH}"
