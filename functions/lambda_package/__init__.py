"""Builds the package that all functions share; `sam build` runs it by way of `functions/Makefile`.

It needs nothing but Python's standard library and pip, and is not part of the package.
"""
