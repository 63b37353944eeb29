#!/usr/bin/python3
"""What we read of objects is what the program itself says of them, on each interpreter: sizes, texts, generations."""

import re
import unittest

from support import Target, on_each_interpreter
from support.object_reader import ObjectReader

# Of these there is no rule (src/heap/detail/size_rules.hpp): a __sizeof__ in Python, and static types.
WITHOUT_RULE = [("OwnSize", "OwnSize"), ("type", "int"), ("type", "type"), ("type", "OrderedDict")]
# What is not called, so that its text is not repr()'s: the text by type, or a pattern of it.
OTHER_TEXTS = {
    "Plain": r"__main__\.Plain\((a=1, b='x'|k0=0, k1=1.*k99=99|)\)", "Shared": r"__main__\.Shared\(first=(\d), second='\1'\)",
    "Slotted": r"__main__\.Slotted\(x=1, y='two'\)", "SlottedMore": r"__main__\.SlottedMore\(x=1, y='two', z=3\.5\)",
    "Order": r"__main__\.Order\(number=7, lines=\[1, 2\]\)", "OwnSize": r"__main__\.OwnSize\(\)",
    "Number": r"Number\((5|-1000000000000000000000000000000|0)\)", "Text": r"Text\('(caf\xe9|abc|\u20ac uro|)'\)",
    "Items": r"Items\(\[1, 2\]\)", "Table": r"Table\(\{'a': 1\}\)", "Pair": r"Pair\(\(1, 2\)\)",
    "function": r"<function (generator|make_code\.<locals>\.<lambda>)>", "code": r"<code of (generator|framed)>",
    "method": r"<method (Shared\.)?__init__> of __main__\.Shared\(first=1, second='1'\)",
    "module": r"<module (os|sys)>", "builtin_function_or_method": r"<built-in (len|append)>",
    "SimpleNamespace": r"types\.SimpleNamespace\(a=1\)", "OrderedDict": r"OrderedDict\(\{(0: None, .*)?\}\)",
    "ndarray": r"ndarray\(shape=\((|3, 4|9,|2, 2, 2|0,|2,)\), dtype=\w+, \d+ B\)",
}
SAME_TEXT = {"NoneType", "bool", "ellipsis", "NotImplementedType", "int", "float", "complex", "str", "bytes", "bytearray",
             "list", "tuple", "dict", "set", "frozenset", "frozendict", "Point", "Colour", "ValueError", "KeyError",
             "OSError", "Exception", "deque", "array", "Decimal", "range", "slice"}
MOST_DECIMALS, MOST_ITEMS = 40, 1000
LARGE_DECIMAL = "Decimal('%s')" % ("1" * 300)
UNSHOWN = {"generator", "frame", "property", "mmap", "BytesIO", "memoryview"}


class ObjectsRead(unittest.TestCase):
    @on_each_interpreter
    def test_sizes_are_those_that_getsizeof_says(self, python):
        with Target("known_objects.py", python=python) as target, ObjectReader(target.pid) as reader:
            wrong, without = [], []
            for made in target.truth["objects"]:
                answer = reader.ask("sizeof", made["address"])
                self.assertEqual((made["type"], made["owner"]), (made["type"], answer["owner"].rpartition(".")[2]))
                if "size" not in answer:
                    without.append((made["type"], made["name"]))
                elif answer["size"] != made["size"]:
                    wrong.append((made["type"], made["repr"], made["size"], answer["size"]))
        print(f"{python.name}: {len(target.truth['objects'])} sizes", flush=True)
        self.assertEqual(wrong, [])
        if python.kind != "free-threaded":  # whose objects have other heads: no rule is of them
            self.assertEqual(without, WITHOUT_RULE)

    @on_each_interpreter
    def test_texts_are_those_that_repr_says_or_the_attributes(self, python):
        with Target("known_objects.py", python=python) as target, ObjectReader(target.pid) as reader:
            made = target.truth["objects"]
            texts = [(each["type"], each["repr"], reader.ask("render", each["address"])) for each in made]
        large_decimal, = (seen["text"] for _, said, seen in texts if said == LARGE_DECIMAL)
        self.assertEqual(large_decimal, "Decimal('a number of 300 digits')")
        same = [(said, seen["text"]) for kind, said, seen in texts
                if kind in SAME_TEXT and len(said) < MOST_ITEMS and said != LARGE_DECIMAL]
        same = [pair for pair in same if not (pair[0].lstrip("-").isdigit() and len(pair[0]) > MOST_DECIMALS + 1)]
        self.assertGreater(len(same), 110)
        self.assertEqual([seen for _, seen in same], [said for said, _ in same])
        for kind, _, seen in texts:
            self.assertTrue(kind not in OTHER_TEXTS or re.fullmatch(OTHER_TEXTS[kind], seen["text"]), (kind, seen))
            self.assertTrue(kind not in UNSHOWN or re.fullmatch(r"<[\w.]+ at 0x[0-9a-f]+>", seen["text"]), (kind, seen))
            self.assertEqual(seen["type"].rpartition(".")[2], kind)
            self.assertLessEqual(len(seen["short"]), 72)
            self.assertTrue(seen["short"].isprintable(), seen)
        [large] = [seen["text"] for kind, said, seen in texts if kind == "int" and len(said) > 1000]
        self.assertEqual(large, f"int of {(10**3000).bit_length():,} bits")
        print(f"{python.name}: {len(same)} texts as repr() says", flush=True)

    @on_each_interpreter
    def test_lists_of_the_collector_are_those_that_gc_says(self, python):
        with Target("known_objects.py", python=python) as target, ObjectReader(target.pid) as reader:
            counts = target.next_line()["counts"]
            found = reader.ask("gc")
            if python.kind == "free-threaded":
                self.assertIn("keeps none", found["error"])
                return
            frozen, *truth = [set(group) for group in target.truth["groups"]]
        self.assertTrue(found["whole"])
        self.assertEqual(found["counts"], [*counts, target.truth["frozen"]])
        youngest, _, oldest, permanent = [set(addresses) for addresses in found["objects"]]
        older, young = truth[0], truth[1] | truth[2]
        self.assertEqual((older - oldest, young - youngest, frozen - permanent), (set(), set(), set()))
        print(f"{python.name}: {found['counts']} objects as the collector says", flush=True)

    @on_each_interpreter
    def test_references_are_those_that_are_there(self, python):
        with Target("known_objects.py", python=python) as target, ObjectReader(target.pid) as reader:
            held = target.truth["held"]
            self.assertEqual(reader.ask("render", held["address"])["references"], held["references"])


if __name__ == "__main__":
    unittest.main()
