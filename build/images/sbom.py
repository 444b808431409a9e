"""The bill of materials of one image as SPDX 2.3 in JSON. Same content, same text."""

import datetime
import hashlib
import json
import re
import urllib.parse

LICENSE = "Apache-2.0"


def iso(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def spdx_id(*words):
    return "SPDXRef-" + "-".join(re.sub(r"[^A-Za-z0-9.]", "-", word) for word in words)


def reference(locator):
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}


def entry(identifier, name, version, **more):
    return {
        "SPDXID": identifier,
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        **more,
    }


def debian(package):
    quoted = urllib.parse.quote(package.version, safe="")
    name = urllib.parse.quote(package.name, safe="")
    return entry(
        spdx_id("deb", package.name),
        package.name,
        package.version,
        supplier="Organization: Debian",
        sourceInfo=f"built from {package.source} {package.source_version}",
        comment=f"licence: /usr/share/doc/{package.name}/copyright in the image",
        externalRefs=[reference(f"pkg:deb/debian/{name}@{quoted}?arch={package.architecture}&distro=debian-12")],
    )


def go_module(name, version):
    path = "/".join(urllib.parse.quote(word, safe="") for word in name.split("/"))
    return entry(
        spdx_id("go", name), name, version, externalRefs=[reference(f"pkg:golang/{path}@{urllib.parse.quote(version, safe='')}")]
    )


def jar(group, name, version):
    more = {"externalRefs": [reference(f"pkg:maven/{group}/{name}@{version}")]} if group else {}
    return entry(spdx_id("jar", name, version), f"{group}:{name}" if group else name, version, **more)


def program(name, version, commit, path):
    with open(path, "rb") as file:
        checksum = hashlib.sha256(file.read()).hexdigest()
    return entry(
        spdx_id("program", name),
        name,
        version,
        supplier="Organization: dapr-kit",
        sourceInfo=f"commit {commit}",
        licenseConcluded=LICENSE,
        licenseDeclared=LICENSE,
        primaryPackagePurpose="APPLICATION",
        checksums=[{"algorithm": "SHA256", "checksumValue": checksum}],
    )


def document(image, version, epoch, contained, compiled_in):
    """contained: entries of what lies in the image. compiled_in: (entry, entry of what it holds) pairs."""
    top = entry(spdx_id("image", image), image, version, primaryPackagePurpose="CONTAINER")
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", top["SPDXID"])]
    relations += [(top["SPDXID"], "CONTAINS", one["SPDXID"]) for one in contained]
    relations += [(holder["SPDXID"], "STATIC_LINK", held["SPDXID"]) for holder, held in compiled_in]
    packages = {one["SPDXID"]: one for one in [top, *contained, *(held for _, held in compiled_in)]}
    body = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{image}-{version}",
        "creationInfo": {"created": iso(epoch), "creators": ["Tool: dapr-kit-build-images"]},
        "packages": [packages[key] for key in sorted(packages)],
        "relationships": [
            {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations
        ],
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    body["documentNamespace"] = f"https://spdx.org/spdxdocs/{image}-{version}-{digest}"
    return json.dumps(body, indent=1, sort_keys=True) + "\n"
