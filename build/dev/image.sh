# shellcheck shell=bash
# Container images into build/out/images, each as NAME.tar (docker-archive), NAME.spdx.json and NAME.image: its
# reference, size and digests. What decides whether to build is the content of the inputs. Sourced.
#
# This is Debian 12, so the programs of ./dev build release go into the images as they are; the same Containerfile
# compiles them itself for those who start from it.

# shellcheck source=build/dev/build.sh
. "$DK_ROOT/build/dev/build.sh"

DK_IMAGES=${DK_IMAGES:-$DK_OUT/images}
DK_IMAGES_PROGRAMS="dk-redis dk-kafka dk-memory dk-document dk-compute"
DK_IMAGES_OURS="$DK_IMAGES_PROGRAMS toolbox"
DK_IMAGES_STAND_INS="redis kafka daprd"

dk_version() { sed -n 's/^project(.* VERSION \([0-9.]*\).*/\1/p' "$DK_ROOT/CMakeLists.txt"; }

# Whose changes are not committed is no commit.
dk_commit() {
    git -C "$DK_ROOT" rev-parse HEAD 2>/dev/null | tr -d '\n' || printf unknown
    git -C "$DK_ROOT" diff --quiet HEAD -- 2>/dev/null || printf -- '-dirty'
}

# All files of an image bear the time of the commit.
dk_epoch() { git -C "$DK_ROOT" log -1 --format=%ct 2>/dev/null || echo 0; }

# A store of our own: neither images nor containers of this machine's user are touched.
dk_buildah() { BUILDAH_ISOLATION=chroot buildah --root "$DK_IMAGES/store" --runroot "$DK_IMAGES/run" "$@"; }

# dk_image_forget FOLDER: an engine that was killed leaves its store mounted, and no folder above can be removed.
dk_image_forget() {
    local mounted
    awk -v folder="$1/" 'index($2, folder) == 1 {print $2}' /proc/mounts | sort -r | while read -r mounted; do
        dk_as_root umount "$mounted"
    done
    rm -rf "$1"
}

dk_image_reference() {
    if [[ " $DK_IMAGES_STAND_INS " == *" $1 "* ]]; then
        sed -n "s/^$1 //p" "$DK_ROOT/build/images/stand-ins/names"
    else
        echo "ghcr.io/dapr-kit/$1:$(dk_version)"
    fi
}

# What must stand before the root of an image can be made.
dk_image_prepare() {
    case $1 in
    toolbox) dk_setup toolbox && dk_tool grpcurl ;;
    redis) dk_setup run ;;
    kafka) dk_kafka "$DK_KAFKA_VERSION" ;;
    daprd) dk_tool daprd ;;
    *) dk_image_programs ;;
    esac
}

dk_image_programs() {
    [ -z "${dk_has_programs:-}" ] || return 0
    dk_build release
    dk_has_programs=yes
}

# dk_image_inputs NAME: one line that changes when any input does.
dk_image_inputs() {
    local ours
    {
        cat "$DK_ROOT"/build/images/*.py "$DK_ROOT/build/images/Containerfile" "$DK_ROOT/build/dev/image.sh" \
            /var/lib/dpkg/status
        find "$DK_ROOT/build/images/stand-ins" -type f -print0 | LC_ALL=C sort -z | xargs -0 cat
        case $1 in
        redis) ;;
        kafka) cat "$DK_TOOLS/kafka-$DK_KAFKA_VERSION/sum" ;;
        daprd) cat "$DK_TOOLS/.daprd.sum" ;;
        *)
            ours="$(dk_version) $(dk_commit) $(dk_epoch)"
            printf '%s\n' "$ours"
            [ "$1" != toolbox ] || cat "$DK_TOOLS/.grpcurl.sum"
            [ ! -e "$DK_OUT/release/bin/$1" ] || cat "$DK_OUT/release/bin/$1"
            ;;
        esac
    } | sha256sum | cut -d' ' -f1
}

# dk_image_root NAME: its root folder, from this machine's packages.
dk_image_root() {
    local version epoch
    case $1 in
    redis) version=$(dpkg-query -W -f '${source:Upstream-Version}' redis-server) epoch=0 ;;
    kafka) version=$DK_KAFKA_VERSION epoch=0 ;;
    daprd) version=$("$DK_TOOLS/daprd" --version) epoch=0 ;;
    *) version=$(dk_version) epoch=$(dk_epoch) ;;
    esac
    python3 "$DK_ROOT/build/images/roots.py" "$1" --out "$DK_IMAGES/roots" --programs "$DK_OUT/release/bin" \
        --tools "$DK_TOOLS" --kafka "$DK_TOOLS/kafka-$DK_KAFKA_VERSION" --version "$version" \
        --commit "$(dk_commit)" --epoch "$epoch"
}

# dk_image_commit NAME ROOTS REFERENCE: the image of a root folder, by the recipe that users take too.
dk_image_commit() {
    local recipe=$DK_ROOT/build/images/Containerfile epoch
    epoch=$(dk_epoch)
    if [[ " $DK_IMAGES_STAND_INS " == *" $1 "* ]]; then
        recipe=$DK_ROOT/build/images/stand-ins/Containerfile epoch=0
    fi
    dk_buildah bud --file "$recipe" --target "$1" --build-context "roots=$2" --build-context "toolbox-roots=$2" \
        --build-arg "VERSION=$(dk_version)" --build-arg "COMMIT=$(dk_commit)" --timestamp "$epoch" \
        --identity-label=false --tag "$3" "$DK_ROOT/build/images"
}

dk_image_export() {
    local name=$1 reference=$2 layer
    rm -f "$DK_IMAGES/$name.tar"
    dk_buildah push --quiet "$reference" "docker-archive:$DK_IMAGES/$name.tar:$reference" || return 1
    layer=$(dk_buildah inspect --type image --format '{{range .Docker.RootFS.DiffIDs}}{{.}} {{end}}' "$reference")
    cat >"$DK_IMAGES/$name.image" <<TEXT
reference=$reference
digest=$(dk_buildah images --no-trunc --quiet "$reference" | head -n 1)
layers=${layer% }
bytes=$(stat -c %s "$DK_IMAGES/$name.tar")
TEXT
}

dk_image_make() {
    local name=$1 reference
    reference=$(dk_image_reference "$name")
    mkdir -p "$DK_IMAGES/roots"
    dk_image_root "$name" || return 1 # the caller asks for the answer, so set -e is off here
    cp "$DK_IMAGES/roots/$name/usr/share/sbom/$name.spdx.json" "$DK_IMAGES/$name.spdx.json" || return 1
    dk_image_commit "$name" "$DK_IMAGES/roots" "$reference" || return 1
    dk_image_export "$name" "$reference" || return 1
    dk_buildah rmi --force "$reference" || return 1
    rm -rf "$DK_IMAGES/roots/$name"
}

dk_image_field() { sed -n "s/^$2=//p" "$DK_IMAGES/$1.image"; }

dk_image() {
    local name sum
    # shellcheck disable=SC2086 # a list of words
    [ $# -gt 0 ] || set -- $DK_IMAGES_OURS
    for name in "$@"; do
        [[ " $DK_IMAGES_OURS $DK_IMAGES_STAND_INS " == *" $name "* ]] ||
            dk_die "image: '$name' is none of ours; there are: $DK_IMAGES_OURS, and for tests: $DK_IMAGES_STAND_INS"
    done
    dk_setup image
    mkdir -p "$DK_IMAGES"
    for name in "$@"; do
        dk_image_prepare "$name"
        sum=$(dk_image_inputs "$name")
        if [ ! -e "$DK_IMAGES/$name.tar" ] || [ "$(cat "$DK_IMAGES/$name.sum" 2>/dev/null)" != "$sum" ]; then
            dk_step "image $name"
            rm -f "$DK_IMAGES/$name.sum"
            dk_quietly "$DK_OUT/log/image-$name.log" dk_image_make "$name"
            printf '%s\n' "$sum" >"$DK_IMAGES/$name.sum"
        fi
    done
    for name in "$@"; do
        printf '%-12s %6.1f MiB  %s  %s\n' "$name" "$(($(dk_image_field "$name" bytes) * 10 / 1048576))e-1" \
            "$(dk_image_field "$name" digest)" "$(dk_image_field "$name" reference)"
    done
}

# The sources of Debian that this machine has, as lines for another system's apt.
dk_image_sources() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # shellcheck disable=SC2016 # apt's own fields
    apt-get indextargets --format "deb [signed-by=$keyring] "'$(REPO_URI) $(CODENAME) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u
}

# A Debian 12 with what the recipe would install, for where its default base cannot be had.
dk_image_base() {
    local home=$DK_OUT/images-base packages sources
    packages=$(dk_packages build)
    sources=$(dk_image_sources)
    [ -n "$sources" ] || dk_die "apt knows no source of Debian here; apt-get update makes its lists"
    mkdir -p "$home"
    if [ "$(cat "$home/packages" 2>/dev/null)" != "$packages" ]; then
        rm -f "$home/packages"
        mmdebstrap --variant=minbase --include="${packages// /,}" bookworm "$home/root.tar" - <<<"$sources" || return 1
        printf 'FROM scratch\nADD root.tar /\n' >"$home/Containerfile"
        printf '%s\n' "$packages" >"$home/packages"
    fi
    [ -n "$(dk_buildah images --quiet localhost/debian 2>/dev/null)" ] ||
        dk_buildah bud --file "$home/Containerfile" --tag localhost/debian "$home"
}

# The bill of materials of an image that was made elsewhere, beside its archive.
dk_image_bill() {
    local container
    container=$(dk_buildah from "$2") || return 1
    cp "$(dk_buildah mount "$container")/usr/share/sbom/$1.spdx.json" "$DK_IMAGES/$1.spdx.json" || return 1
    dk_buildah rm "$container"
}

# dk_image_compile NAME …: as a user of the recipe does, from the sources.
dk_image_compile() {
    local name reference
    mkdir -p "$DK_IMAGES"
    dk_image_base || return 1
    for name in "$@"; do
        reference=$(dk_image_reference "$name")
        dk_buildah bud --layers --file "$DK_ROOT/build/images/Containerfile" --target "$name" --build-arg BASE=localhost/debian \
            --build-arg "VERSION=$(dk_version)" --build-arg "COMMIT=$(dk_commit)" --build-arg "SOURCE_DATE_EPOCH=$(dk_epoch)" \
            --timestamp "$(dk_epoch)" --identity-label=false --tag "$reference" "$DK_ROOT" || return 1
        dk_image_export "$name" "$reference" || return 1
        dk_image_bill "$name" "$reference" || return 1
    done
}
