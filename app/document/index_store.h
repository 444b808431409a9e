#ifndef DOCUMENT_INDEX_STORE_H
#define DOCUMENT_INDEX_STORE_H

#include "document/index_tree.h"

#include <dk/app.h>
#include <dk/daprd.h>

/*
 * A tenant's index in the state store: what of it one change reads, and the one transaction that
 * writes it back.
 *
 *     index/<tenant>/root                  IndexRoot
 *     index/<tenant>/directory/<facet>     IndexDirectory
 *     index/<tenant>/page/<number>         IndexPage
 *
 * The root is read before everything else and written with every change. So a transaction that
 * finds the root's etag as it was knows that nobody has changed anything of the index since: what
 * was read is one moment's state, however many calls it took. Pages and directories are
 * written with their own etags too.
 *
 * Thread: the one of the call.
 * Owner:  everything lies in the call's memory.
 */
enum { INDEX_WRITE_BYTES_MAX = 3 << 20 /* of one transaction; daprd takes 4 MiB */ };

/* The facet that has every document, deleted ones too; its entries are whole. */
#define INDEX_FACET_IDS "ids"

struct index_facet {
    const char *name;
    struct index_tree tree;
};

struct index_store {
    struct dk_call *call;
    const char *component, *tenant;
    DaprKit__Document__V1__IndexRoot *root; /* never NULL once open; zeroed for a new tenant */
    struct dk_bytes root_etag;
    struct index_facet *facets;
    size_t count;
};

/* A page that is wanted. */
struct index_place {
    struct index_tree *tree;
    size_t position;
};

/*
 * Reads the root and the directory of INDEX_FACET_IDS, which becomes facets[0]. `facets_max` is how
 * many facets will be opened at most.
 * Errors: those of dk_daprd_get_many; DK_INTERNAL for a value that is no root or directory.
 */
enum dk_error index_store_open(
    struct index_store *store,
    struct dk_call *call,
    const char *component,
    const char *tenant,
    size_t facets_max);

/* The same for one who only reads: no root, no facet, and nothing is asked yet. */
enum dk_error index_store_open_reader(
    struct index_store *store,
    struct dk_call *call,
    const char *component,
    const char *tenant,
    size_t facets_max);

/* Reads the directories of facets, each named once, that are not open yet. */
enum dk_error index_store_open_facets(
    struct index_store *store, const char *const *names, size_t count);

/* The facet of a name that is open; NULL: it is not. */
struct index_facet *index_store_facet(struct index_store *store, const char *name);

/*
 * Reads pages, each once even when places repeat, and leaves out those that are loaded. In the same
 * calls reads `others`, whose items are `ret_others`.
 * Errors: those of dk_daprd_get_many; DK_ETAG_MISMATCH when a page is not as its directory says,
 *         because somebody has changed it in between: begin again.
 */
enum dk_error index_store_load(
    struct index_store *store,
    const struct index_place *places,
    size_t count,
    const struct dk_bytes *others,
    size_t other_count,
    struct dk_state_item *ret_others);

/*
 * Balances all trees and writes what has changed, all of it or nothing.
 * Errors: DK_ETAG_MISMATCH when somebody was faster, and DK_INTERNAL, which daprd also says then:
 *         begin again. DK_TOO_LARGE over INDEX_WRITE_BYTES_MAX: change less at once. DK_EXHAUSTED
 *         when a facet has INDEX_PAGES_MAX pages.
 */
enum dk_error index_store_commit(struct index_store *store);

/* "index/<tenant>/root". Absent: no memory, noted. */
struct dk_bytes index_root_key(struct dk_call *call, const char *tenant);

/*
 * The tenants that have an index: "index/tenants". The names lie in the call's memory.
 * Bound: INDEX_TENANTS_MAX; DK_EXHAUSTED beyond.
 */
enum { INDEX_TENANTS_MAX = 50000 };
enum dk_error index_tenants(
    struct dk_call *call, const char *component, char ***ret_names, size_t *ret_count);
enum dk_error index_tenant_add(struct dk_call *call, const char *component, const char *tenant);

/* Reads many keys, in as many calls as their size needs. */
enum dk_error index_read_many(
    struct dk_call *call,
    const char *component,
    const struct dk_bytes *keys,
    size_t count,
    struct dk_state_item *ret_items);

#endif /* DOCUMENT_INDEX_STORE_H */
