# SPDX-License-Identifier: MIT
"""`make check`: fails on what must be zero, prints hints on the rest."""

import sys

import generated
import includes
import measures
import names
import smmu
from tree import Tree

ZEROES = [
    ("generated files out of date", generated.out_of_date),
    ("undeclared room dependencies", includes.undeclared),
    ("rooms that reach across layers", includes.crossed_layers),
    ("include cycles", includes.cycles),
    ("CPU names in generic code", names.cpu_names),
    ("files without a licence line", names.licences),
    ("leftovers", names.leftovers),
    ("SMMU features without green tests", smmu.features),
]


def main():
    tree = Tree()
    failed = False
    for title, check in ZEROES:
        problems = check(tree)
        print(f"{title}: {len(problems)}")
        for problem in problems:
            print(f"  {problem}")
        failed = failed or bool(problems)
    for line in measures.show(tree):
        print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
