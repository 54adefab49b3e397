"""What libraries load with themselves and Tocsin does not ask for is not loaded until somebody does.

For the sake of `spacy.info`, `import spacy` loads the whole of spaCy's command line, and with it requests, typer and
jinja2; further tables of all languages. `import structlog` loads rich for coloured tracebacks, which ours are not.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from types import ModuleType
from typing import Any

_COMMANDS = ("spacy.cli", "spacy.cli.info")
_COLLECTED_AFTER = 20_000
"""So many objects more than before, and Python looks for garbage. Its own 700 cost a tenth of the time of loading."""


class _Lean(MetaPathFinder, Loader):
    """Finds stand-ins, and only while the library loads that would load the real thing."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        del target
        if name in _COMMANDS and _is_loading("spacy"):
            spec = ModuleSpec(name, self, is_package=name == _COMMANDS[0])
            if path is not None and spec.submodule_search_locations is not None:
                spec.submodule_search_locations += [str(Path(folder) / "cli") for folder in path]
            return spec
        if name == "langcodes" and _is_loading("spacy"):
            found = PathFinder.find_spec(name, path)
            if found is not None and found.loader is not None:
                found.loader = LazyLoader(found.loader)
            return found
        if name == "rich" and _is_loading("structlog"):
            raise ModuleNotFoundError("rich is not loaded for structlog", name=name)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put into a stand-in what loads the real module as soon as anything is wanted of it."""
        if module.__name__ == _COMMANDS[0]:
            module.__dict__["__getattr__"] = _attribute
        else:
            module.__dict__["info"] = _info


def _is_loading(library: str) -> bool:
    """Is `import library` at work?"""
    return bool(getattr(getattr(sys.modules.get(library), "__spec__", None), "_initializing", False))


def _attribute(name: str) -> Any:
    """What `spacy.cli` has under a name."""
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_real_commands(), name)


def _info(*args: Any, **kwargs: Any) -> Any:
    """`spacy.info`."""
    return _real_commands().info(*args, **kwargs)


def _real_commands() -> ModuleType:
    for name in _COMMANDS:
        if isinstance(getattr(sys.modules.get(name), "__loader__", None), _Lean):
            del sys.modules[name]
    return importlib.import_module(_COMMANDS[0])


def load_lean() -> None:
    """Call once, before any library is loaded. In a program that has loaded spaCy itself it leaves all as it is."""
    if "spacy" in sys.modules:
        return
    sys.meta_path.insert(0, _Lean())
    young, *older = gc.get_threshold()
    if 0 < young < _COLLECTED_AFTER:
        gc.set_threshold(_COLLECTED_AFTER, *older)
