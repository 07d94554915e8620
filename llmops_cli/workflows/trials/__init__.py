"""From files to the outcomes of trials: select, render, ask or recall, score."""
