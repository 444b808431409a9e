/* What an entry says of its document, and where the document stands because of it. */
#include "document/index_facets.h"

#include <string.h>

DaprKit__Document__V1__IndexEntry *index_entry_of(
    struct dk_call *call, const DaprKit__Document__V1__HeadRecord *head) {
    const DaprKit__Document__V1__Document *document = head->document;
    DaprKit__Document__V1__IndexEntry *entry = dk_call_take(call, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    dapr_kit__document__v1__index_entry__init(entry);
    entry->id = document->id;
    entry->version = document->version;
    entry->revision = head->revision;
    entry->birth_id = head->birth_id;
    entry->tags = document->tags;
    entry->n_tags = document->n_tags < INDEX_ENTRY_FACETS_MAX - 2 ? document->n_tags
                                                                  : INDEX_ENTRY_FACETS_MAX - 2;
    if (document->annotations != NULL && document->annotations->language != NULL) {
        entry->language = document->annotations->language->code;
    }
    entry->deleted = document->deleted;
    entry->size = document->size;
    return entry;
}

bool index_entry_equal(
    const DaprKit__Document__V1__IndexEntry *left, const DaprKit__Document__V1__IndexEntry *right) {
    if (left == NULL || right == NULL) {
        return left == right;
    }
    return left->version == right->version && left->revision == right->revision &&
           strcmp(left->birth_id, right->birth_id) == 0;
}

const char *index_facet_of_tag(struct dk_call *call, const char *tag) {
    return dk_call_format(call, "tag=%s", tag);
}

const char *index_facet_of_language(struct dk_call *call, const char *code) {
    return dk_call_format(call, "language=%s", code);
}

static bool entry_has_tag(const DaprKit__Document__V1__IndexEntry *entry, const char *tag) {
    for (size_t i = 0; entry != NULL && i < entry->n_tags; i++) {
        if (strcmp(entry->tags[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

static const char *language_of(const DaprKit__Document__V1__IndexEntry *entry) {
    return entry == NULL ? "" : entry->language;
}

/* The facets that `entry` stands in and `other` does not. */
static bool moves_add(
    struct dk_call *call,
    const DaprKit__Document__V1__IndexEntry *entry,
    const DaprKit__Document__V1__IndexEntry *other,
    bool is_in,
    struct index_move *moves,
    size_t *count) {
    if (entry == NULL) {
        return true;
    }
    const size_t before = *count;
    for (size_t i = 0; i < entry->n_tags; i++) {
        if (!entry_has_tag(other, entry->tags[i])) {
            moves[(*count)++].facet = index_facet_of_tag(call, entry->tags[i]);
        }
    }
    if (entry->language[0] != '\0' && strcmp(entry->language, language_of(other)) != 0) {
        moves[(*count)++].facet = index_facet_of_language(call, entry->language);
    }
    if (entry->deleted && (other == NULL || !other->deleted)) {
        moves[(*count)++].facet = INDEX_FACET_DELETED;
    }
    for (size_t i = before; i < *count; i++) {
        if (moves[i].facet == NULL) {
            return false;
        }
        moves[i].id = entry->id;
        moves[i].is_in = is_in;
    }
    return true;
}

bool index_moves_of(
    struct dk_call *call,
    const DaprKit__Document__V1__IndexEntry *before,
    const DaprKit__Document__V1__IndexEntry *after,
    struct index_move *moves,
    size_t *count) {
    return moves_add(call, before, after, false, moves, count) &&
           moves_add(call, after, before, true, moves, count);
}
