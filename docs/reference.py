#!/usr/bin/env python3
"""include/hfx.h as Doxygen wants it, who reads the header being spared that: the contract is the first page,
each comment documents what follows it, and what belongs to one noun (hfx_job_*, HFX_E_*) is one topic."""
import re
import sys
from pathlib import Path

NAME = re.compile(r"#define HFX_([A-Z]+)|^typedef .*?\bhfx_([a-z]+)|\bhfx_([a-z]+)_\w+\(")
STRUCT = "typedef struct {"
WITH = {"OK": "E", "STOP": "CONTINUE", "chunk": "client", "start": "client", "read": "commit", "done": "job"}


def topic(declaration):
    """The noun of a function or type, the first word of a constant."""
    if declaration == STRUCT:  # hfx_totals and hfx_file_progress: what a progress fills
        return "hfx_progress"
    constant, *nouns = NAME.search(declaration).groups()
    noun = constant or nouns[0] or nouns[1]
    if "hfx_read_at" in declaration:
        noun = "map"
    return ("HFX_" if constant else "hfx_") + WITH.get(noun, noun)


def prose(line):
    """A line of the contract, in which Markdown shall see no emphasis."""
    if line.startswith(" *    "):
        return line
    return re.sub(r"(?<=[ (])_(?=[a-z])", r"\\_", line.replace("_*", r"_\*").replace(" *err ", r" \*err "))


header = Path(sys.argv[1]).read_text().split("\n")
end = header.index(" */")
out = ["/** @file hfx.h", "The C ABI of hfx. */", "/** @mainpage The C ABI"]
out += [*map(prose, header[1:end]), " */"]
topics, comment = [], []
for line in header[end + 1 :]:
    if re.match("//+( |$)", line):
        comment.append(re.sub("^//+", "///", line))
        continue
    if comment:
        topics.append(topic(line))
        out += [*comment, "///", f"/// @ingroup {topics[-1]}"]
        comment = []
    out.append(line)
out += [f"/** @defgroup {name} {name}_* */" for name in dict.fromkeys(topics)]
print("\n".join(out))
