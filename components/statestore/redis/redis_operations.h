#ifndef STATESTORE_REDIS_OPERATIONS_H
#define STATESTORE_REDIS_OPERATIONS_H

#include <dk/state.h>

/* The operations of the vtable, each at home in the file of its name. */
void redis_get(struct dk_instance *store, const struct dk_get *request, struct dk_reply *reply);
void redis_bulk_get(
    struct dk_instance *store, const struct dk_bulk_get *request, struct dk_reply *reply);
void redis_set(struct dk_instance *store, const struct dk_set *request, struct dk_reply *reply);
void redis_delete(
    struct dk_instance *store, const struct dk_delete *request, struct dk_reply *reply);
void redis_bulk_set(
    struct dk_instance *store, const struct dk_bulk_set *request, struct dk_reply *reply);
void redis_bulk_delete(
    struct dk_instance *store, const struct dk_bulk_delete *request, struct dk_reply *reply);
void redis_transact(
    struct dk_instance *store, const struct dk_transact *request, struct dk_reply *reply);

#endif /* STATESTORE_REDIS_OPERATIONS_H */
