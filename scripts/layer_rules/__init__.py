"""The rules of scripts/layers.py, one theme a file. Each rule is a function that takes a Tree and reports problems to it."""
