"""What packages say they offer is what they offer, and every function says what it takes and gives."""

import ast
import importlib

import pytest

from tests.architecture.source_tree import functions, module_name, parsed, python_files, short

PACKAGES = [module_name(path) for path in python_files("nemo") if path.name == "__init__.py"]


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_of_a_package_equal_all(package):
    module = importlib.import_module(package)
    offered = getattr(module, "__all__", [])
    assert len(set(offered)) == len(offered), "a name is listed twice"
    missing = []
    for name in offered:
        try:
            getattr(module, name)
        except (ImportError, AttributeError) as error:
            missing.append(f"{name}: {error}")
    assert not missing
    assert set(offered) <= set(dir(module))


def unannotated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """True if an argument (but self and cls) or the result has no annotation."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [extra for extra in (node.args.vararg, node.args.kwarg) if extra is not None]
    first = arguments[:1] if arguments and arguments[0].arg in {"self", "cls", "mcs"} else []
    bare = [argument for argument in arguments if argument.annotation is None and argument not in first]
    return bool(bare) or node.returns is None


def test_every_function_is_annotated():
    everything = [(path, node) for path in python_files("nemo") for node in functions(parsed(path))]
    bare = [f"{short(path)}:{node.lineno} {node.name}" for path, node in everything if unannotated(node)]
    share = 100 * (1 - len(bare) / len(everything))
    assert not bare, f"{share:.1f} % of {len(everything)} functions are annotated; missing: {bare}"
