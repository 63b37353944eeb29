#!/usr/bin/python3
"""What we read of objects is what the program itself says of them, on each interpreter: sizes, texts, generations."""

import unittest

from support import Target, on_each_interpreter
from support.object_reader import ObjectReader

# Of these there is no rule (src/heap/detail/size_rules.hpp): a __sizeof__ in Python, and static types.
WITHOUT_RULE = [("OwnSize", "OwnSize"), ("type", "int"), ("type", "type"), ("type", "OrderedDict")]


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


if __name__ == "__main__":
    unittest.main()
