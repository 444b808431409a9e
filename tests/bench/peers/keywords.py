"""How many of our ten keywords are among YAKE's own ten, for Debian's licences.

    keywords.py COMPUTE_TEXT_BENCH     a JSON object a line to standard output
"""
import collections
import glob
import json
import subprocess
import sys

import yake

TOP = 10
files = sorted(glob.glob("/usr/share/common-licenses/*-[0-9]*"))
shown = subprocess.run([sys.argv[1], "--keywords", *files], check=True, capture_output=True, text=True)
ours = collections.defaultdict(set)
for line in shown.stdout.splitlines():
    path, _, _, keyword = line.split("\t")
    ours[path].add(keyword)
for path in files:
    with open(path, encoding="utf-8") as file:
        found = yake.KeywordExtractor(lan="en", n=3, top=TOP).extract_keywords(file.read())
    theirs = {keyword.lower() for keyword, _ in found}
    print(json.dumps({"bench": "compute_text", "function": "keywords", "text": path,
                      "reference": "yake", "top": TOP, "in_both": len(ours[path] & theirs)}))
