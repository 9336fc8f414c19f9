"""`graphnn demo`: the tutorial's convolutional network on real handwritten digits, trained eagerly and compiled.

`run.py` is the whole job from data to report; `digits.py` has the data, `network.py` the network, `training.py` the
loop, `measures.py` what is found out on the way, `report.py` how it is printed, `pictures.py` what is drawn.
"""
