"""Helpers of the course on sequence classification; its notebooks build them one by one.

A name is imported from its module when it is first used, so `import seqclf_utils` waits for
neither PyTorch nor pandas nor matplotlib (https://scientific-python.org/specs/spec-0001/). The
names stand in `__init__.pyi`.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
