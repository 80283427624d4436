import pytest
from omegaconf import OmegaConf

from nemo.core.archive.safe_yaml import MAX_NODES, config_from_tree, load_config
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError


def load(text):
    return load_config(text.encode() if isinstance(text, str) else text, "m.nemo:model_config.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [1, 2.5, 1e-4, 1E5, .5, -3, 0x10, 1_000]",
        "a: yes\nb: off\nc: ~\nd: null\ne:\nf: '1'\ng: \"x\\ty\"",
        "a: 2020-01-01\nb: 12:30\nc: .inf\nd: '???'\n2: x\ntrue: y",
        "labels: [' ', a, b, \"'\", é, ▁]\ntext: |\n  two\n  lines\n",
        "a: !!str 1\nb: !!int '3'\nc: !!float 1\nd: !!bool 'true'",
        "x: &a {q: 1}\ny: *a\nz: {<<: *a, w: 2, q: 3}",
        "a: {b: {c: 5}}\nd: ${a.b.c}\ne: x${d}y\nf: ${a.b}",
        "a: {b: {c: 5}}\ng:\n  h: ${..a}\n  i: ${.h.b.c}\n  j: ['${a.b.c}']\nk: ${g.j[0]}",
    ],
)
def test_reads_what_omegaconf_reads(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    theirs = OmegaConf.load(tmp_path / "x.yaml")
    assert load(text) == OmegaConf.create(OmegaConf.to_container(theirs, resolve=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is there twice"),
        ("a: {b: 1,\n b: 2}", "line 2: the key 'b' is there twice"),
        ("a: !!python/name:os.system x", "line 1: the tag .*os.system"),
        ("a: !!binary aGk=", "the tag"),
        ("a: !!set {b}", "the tag"),
        ("a: !mine 1", "the tag"),
        ("a: &a [*a]", "line 1: the alias"),
        ("a: *b", "alias"),
        ("[a]: 1", "key that is no plain value"),
        ("~: 1", "empty key"),
        ("a: 1\n---\nb: 1", "more than one YAML document"),
        ("a: ${oc.env:HOME}", "a is .*oc.env:HOME.*resolvers"),
        ("a: {b: ['${now:}']}", "a.b.0 is"),
        ("a: ${b.${c}}\nb: 1\nc: 1", "resolvers and expressions are refused"),
        ("a: $\nb: '{oc.env:HOME}'\nc: ${a}${b}", "builds another one"),
    ],
)
def test_unsafe_text_is_refused_with_its_place(text, message):
    with pytest.raises(UnsafeArchiveError, match=rf"m\.nemo:model_config\.yaml.*{message}"):
        load(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- a", "is a list"),
        ("hello", "is a str"),
        ("a: [1\nb: 2", "line 2: not valid YAML"),
        (b"a: \xff", "not valid YAML"),
        (b"a: \x01", "not valid YAML"),
        ("a: ${b}", r"a refers to \$\{b\}, which the config does not have"),
        ("a: ${b}\nb: ${a}", "refers to itself"),
        ("a: {b: 1}\nc: x${a}", "puts the section"),
        ("a: ${...b}", "does not have"),
    ],
)
def test_wrong_text_is_refused_with_its_place(text, message):
    with pytest.raises(ArchiveError, match=rf"m\.nemo:model_config\.yaml.*{message}"):
        load(text)


def test_large_label_lists_are_fine():
    labels = [f"▁word{number}" for number in range(8_000)]
    assert load("labels: [" + ", ".join(labels) + "]").labels[7_999] == "▁word7999"


def test_limits_count_what_aliases_and_interpolations_stand_for():
    half = MAX_NODES // 2
    for text in (f"a: &a [{'1,' * half}]\nb: *a", "a: [" + "1," * half + "]\nb: ${a}"):
        with pytest.raises(UnsafeArchiveError, match=f"more than {MAX_NODES} values"):
            load(text)
        assert len(load(text.replace("1," * half, "1," * 10)).b) == 10


def test_nesting_is_limited_to_64_levels():
    assert load("a: " + "[" * 60 + "]" * 60)
    with pytest.raises(UnsafeArchiveError, match="64 levels"):
        load("a: " + "[" * 70 + "]" * 70)


def test_trees_of_checkpoints_obey_the_same_limits():
    assert config_from_tree({"a": 1, "b": "${a}"}, "x.ckpt") == {"a": 1, "b": 1}
    with pytest.raises(UnsafeArchiveError, match=r"x\.ckpt: a is a object"):
        config_from_tree({"a": object()}, "x.ckpt")
    with pytest.raises(UnsafeArchiveError, match="oc.env"):
        config_from_tree({"a": "${oc.env:HOME}"}, "x.ckpt")


@pytest.mark.parametrize("text", ["a: !!float\n", "a: !!int ''\n", "a: !!bool\n", "a: !!float '_'\n", "a: !!int '-'\n"])
def test_empty_number_is_refused(text):
    with pytest.raises(UnsafeArchiveError, match="x line 1: '.{0,2}' is not a"):
        load_config(text.encode(), "x")


@pytest.mark.parametrize("text", ["a: ${a.b}\n", "a: ${b.c}\nb: ${a.c}\n", 'a: ["${.0.1}"]\n'])
def test_interpolation_that_leads_through_itself_is_refused(text):
    with pytest.raises(ArchiveError, match="a.* refers to itself"):
        load_config(text.encode(), "x")
