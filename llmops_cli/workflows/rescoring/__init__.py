"""Answers on record under the scorers of today, and judges held against people."""
