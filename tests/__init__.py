"""Tests; a package, so that the same file name can stand in two folders."""
