"""The loop of byte pair encoding against its definition."""

import random

from nemo.collections.common.tokenizers.pair_merging import merge_pairs


def by_definition(symbols, rules):
    symbols = list(symbols)
    while True:
        found = [
            (rules[pair][0], place)
            for place, pair in enumerate(zip(symbols, symbols[1:], strict=False))
            if pair in rules
        ]
        if not found:
            return symbols
        place = min(found)[1]
        symbols[place : place + 2] = [rules[symbols[place], symbols[place + 1]][1]]


def test_equals_the_definition_on_random_rules():
    random.seed(0)
    for _ in range(300):
        symbols = list("abc")
        rules = {}
        for rank in range(random.randrange(1, 12)):
            pair = random.choice(symbols), random.choice(symbols)
            if pair not in rules:
                rules[pair] = (rank, "".join(pair))
                symbols.append("".join(pair))
        ranks = list(range(len(rules)))
        if random.random() < 0.3:  # also rules in an order that no training gives
            random.shuffle(ranks)
            rules = {pair: (rank, rule[1]) for rank, (pair, rule) in zip(ranks, rules.items(), strict=True)}
        word = random.choices("abc", k=random.randrange(25))
        assert merge_pairs(word, rules) == by_definition(word, rules)


def test_dropping_every_merge_leaves_the_symbols_and_dropping_none_changes_nothing():
    rules = {("a", "b"): (0, "ab"), ("ab", "c"): (1, "abc")}
    assert merge_pairs("abcab", rules, lambda: True) == list("abcab")
    assert merge_pairs("abcab", rules, lambda: False) == ["abc", "ab"]
    assert merge_pairs("", rules) == []


def test_a_dropped_pair_comes_back_after_the_next_merge():
    answers = iter([True, False, False])
    rules = {("a", "b"): (0, "ab"), ("c", "d"): (1, "cd")}
    assert merge_pairs("abcd", rules, lambda: next(answers)) == ["ab", "cd"]


def test_long_words_take_no_quadratic_time():
    rules = {("a" * 2**power, "a" * 2**power): (power, "a" * 2 ** (power + 1)) for power in range(12)}
    asked = 0

    def count():
        nonlocal asked
        asked += 1
        return False

    assert merge_pairs("a" * 4096, rules, count) == ["a" * 4096]
    assert asked < 3 * 4096
