"""The release that this code is of. base.html says the same about the templates."""

VERSION = "1.0.0"
