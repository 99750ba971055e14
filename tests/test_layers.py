"""A file imports from its own room or from rooms before it."""

import ast
from pathlib import Path

import gahb_sk

PACKAGE = Path(gahb_sk.__file__).parent
# Rooms in the order in which data flow; those of one entry stand beside each other.
ORDER = [
    ["_arrays"],
    ["_documentation", "_files", "_memory", "_random", "_threads", "_units", "_validation"],
    ["_image_checks"],
    ["images"],
    ["noise"],
    ["metrics"],
    ["scorers"],
    ["image_classes"],
    ["datasets"],
    ["transforms", "networks"],
    ["training", "jacobians"],
    ["denoisers"],
    ["zoo", "testing"],
    ["analysis", "sampling"],
    ["experiments"],
    ["plots"],
    ["reproduce"],
    ["cli"],
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}


def room_of(module):
    """The room of ``gahb_sk.room.file``, or None for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def imports(path):
    """Yield the gahb_sk modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("gahb_sk"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            if node.module and node.module.startswith("gahb_sk"):
                if node.module == "gahb_sk":
                    yield from (f"gahb_sk.{alias.name}" for alias in node.names)
                else:
                    yield node.module


FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path not in (PACKAGE / "__init__.py", PACKAGE / "__main__.py")
]


def against_the_arrow(path):
    """Yield what is wrong with the imports of a file."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own not in RANK:
        yield f"{own}: a room that ORDER does not know"
        return
    for module in imports(path):
        room = room_of(module)
        if room in (None, "__version__"):
            continue
        if room not in RANK:
            yield f"{path.name} imports {module}: not a room; import from where it is defined"
        elif room != own and RANK[room] >= RANK[own]:
            yield f"{path.name} of {own} imports {module}, against the arrow"


def test_imports_follow_the_arrow():
    assert len(FILES) > 100
    assert [wrong for path in FILES for wrong in against_the_arrow(path)] == []


def test_sklearn_privates_in_one_file_only():
    for path in FILES:
        if path.name == "_validation.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn"):
                names = [node.module.split(".")[-1], *(alias.name for alias in node.names)]
                assert not any(n.startswith("_") for n in names), f"{path.name}: {node.module}"
