#include "wire/pbc/descriptors.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <google/protobuf/descriptor.pb-c.h>
#include <stdio.h>
#include <string.h>

typedef Google__Protobuf__FileDescriptorProto file_message;
typedef Google__Protobuf__DescriptorProto type_message;

enum { NAME_BYTES_MAX = 256 };

static const struct dk_descriptors *const tables[] = {&dk__component_protos, &dk__callback_protos};
enum { TABLES = sizeof tables / sizeof tables[0] };

/* The table whose symbols are walked. */
static const struct dk_descriptors *table = &dk__component_protos;

static file_message *parse(const struct dk__file_descriptor *file) {
    file_message *parsed = google__protobuf__file_descriptor_proto__unpack(
        NULL, file->bytes.size, (const uint8_t *)file->bytes.data);
    cr_assert(ne(ptr, parsed, NULL), "%s", file->name);
    return parsed;
}

static bool is_served(const char *name) {
    return dk__descriptor_of_file(&dk__component_protos, dk_bytes_of(name)) != NULL;
}

Test(descriptors, every_file_parses_and_has_the_name_it_is_found_by) {
    for (size_t n = 0; n < TABLES; n++) {
        for (size_t i = 0; i < tables[n]->file_count; i++) {
            const struct dk__file_descriptor *file = &tables[n]->files[i];

            file_message *parsed = parse(file);

            cr_expect(eq(str, parsed->name, (char *)file->name));
            cr_expect(
                eq(ptr,
                   (void *)dk__descriptor_of_file(tables[n], dk_bytes_of(file->name)),
                   (void *)file));
            google__protobuf__file_descriptor_proto__free_unpacked(parsed, NULL);
        }
    }
}

static void expect_imports(const struct dk__file_descriptor *file) {
    file_message *parsed = parse(file);
    cr_assert(eq(sz, parsed->n_dependency, file->import_count), "%s", file->name);
    for (size_t k = 0; k < file->import_count; k++) {
        cr_expect(eq(str, parsed->dependency[k], (char *)file->imports[k]->name));
    }
    google__protobuf__file_descriptor_proto__free_unpacked(parsed, NULL);
}

Test(descriptors, every_import_of_a_file_is_at_hand_in_its_order) {
    for (size_t n = 0; n < TABLES; n++) {
        for (size_t i = 0; i < tables[n]->file_count; i++) {
            expect_imports(&tables[n]->files[i]);
        }
    }
}

/* ── symbols ────────────────────────────────────────────────────────────────────────────────── */

/* Walks what a file defines; each name must lead to the file. Returns how many there are. */
static size_t expect_symbol(
    const struct dk__file_descriptor *file, const char *scope, const char *name, char *ret_full) {
    char full[NAME_BYTES_MAX];
    (void)snprintf(full, sizeof full, "%s%s%s", scope, *scope == '\0' ? "" : ".", name);
    cr_expect(
        eq(ptr, (void *)dk__descriptor_of_symbol(table, dk_bytes_of(full)), (void *)file),
        "%s",
        full);
    if (ret_full != NULL) {
        (void)snprintf(ret_full, NAME_BYTES_MAX, "%s", full);
    }
    return 1;
}

static size_t expect_type(
    const struct dk__file_descriptor *file, const char *scope, const type_message *type) {
    char full[NAME_BYTES_MAX];
    size_t count = expect_symbol(file, scope, type->name, full);
    for (size_t i = 0; i < type->n_field; i++) {
        count += expect_symbol(file, full, type->field[i]->name, NULL);
    }
    for (size_t i = 0; i < type->n_oneof_decl; i++) {
        count += expect_symbol(file, full, type->oneof_decl[i]->name, NULL);
    }
    for (size_t i = 0; i < type->n_enum_type; i++) {
        count += expect_symbol(file, full, type->enum_type[i]->name, NULL);
    }
    for (size_t i = 0; i < type->n_nested_type; i++) {
        count += expect_type(file, full, type->nested_type[i]);
    }
    return count;
}

static size_t expect_file(const struct dk__file_descriptor *file) {
    file_message *parsed = parse(file);
    const char *scope = parsed->package == NULL ? "" : parsed->package;
    size_t count = 0;
    for (size_t i = 0; i < parsed->n_message_type; i++) {
        count += expect_type(file, scope, parsed->message_type[i]);
    }
    for (size_t i = 0; i < parsed->n_enum_type; i++) {
        count += expect_symbol(file, scope, parsed->enum_type[i]->name, NULL);
    }
    for (size_t i = 0; i < parsed->n_service; i++) {
        char full[NAME_BYTES_MAX];
        count += expect_symbol(file, scope, parsed->service[i]->name, full);
        for (size_t k = 0; k < parsed->service[i]->n_method; k++) {
            count += expect_symbol(file, full, parsed->service[i]->method[k]->name, NULL);
        }
    }
    google__protobuf__file_descriptor_proto__free_unpacked(parsed, NULL);
    return count;
}

Test(descriptors, every_symbol_of_every_file_is_found_and_no_other) {
    for (size_t n = 0; n < TABLES; n++) {
        size_t count = 0;
        table = tables[n];

        for (size_t i = 0; i < table->file_count; i++) {
            count += expect_file(&table->files[i]);
        }

        cr_assert(gt(sz, count, 0));
        cr_assert(eq(sz, count, table->symbol_count));
    }
}

Test(descriptors, symbols_stand_in_the_order_of_their_names) {
    for (size_t n = 0; n < TABLES; n++) {
        const struct dk__descriptor_symbol *symbols = tables[n]->symbols;
        for (size_t i = 1; i < tables[n]->symbol_count; i++) {
            cr_assert(
                lt(int, strcmp(symbols[i - 1].name, symbols[i].name), 0), "%s", symbols[i].name);
        }
    }
}

Test(descriptors, of_an_application_and_of_components_are_apart) {
    static const struct dk_bytes callback = DK_BYTES("dapr.proto.runtime.v1.AppCallback");
    static const struct dk_bytes store = DK_BYTES("dapr.proto.components.v1.StateStore");

    cr_expect(ne(ptr, (void *)dk__descriptor_of_symbol(&dk__callback_protos, callback), NULL));
    cr_expect(eq(ptr, (void *)dk__descriptor_of_symbol(&dk__callback_protos, store), NULL));
    cr_expect(eq(ptr, (void *)dk__descriptor_of_symbol(&dk__component_protos, callback), NULL));
    cr_expect(ne(ptr, (void *)dk__descriptor_of_symbol(&dk__component_protos, store), NULL));
}

Test(descriptors, a_leading_dot_changes_nothing) {
    const struct dk_bytes plain = DK_BYTES("dapr.proto.components.v1.StateStore.BulkGet");
    const struct dk_bytes dotted = DK_BYTES(".dapr.proto.components.v1.StateStore.BulkGet");

    cr_assert(ne(ptr, (void *)dk__descriptor_of_symbol(&dk__component_protos, plain), NULL));
    cr_assert(
        eq(ptr,
           (void *)dk__descriptor_of_symbol(&dk__component_protos, dotted),
           (void *)dk__descriptor_of_symbol(&dk__component_protos, plain)));
}

Test(descriptors, what_is_nearly_a_name_is_none) {
    static const struct dk_bytes names[] = {
        DK_BYTES(""),
        DK_BYTES("."),
        DK_BYTES("dapr.proto.components.v1"),
        DK_BYTES("dapr.proto.components.v1.StateStor"),
        DK_BYTES("dapr.proto.components.v1.StateStores"),
        DK_BYTES("dapr.proto.components.v1.StateStore\0"),
        DK_BYTES("..dapr.proto.components.v1.StateStore"),
        DK_BYTES("DAPR.proto.components.v1.StateStore"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect(
            eq(ptr, (void *)dk__descriptor_of_symbol(&dk__component_protos, names[i]), NULL),
            "%zu",
            i);
        cr_expect(
            eq(ptr, (void *)dk__descriptor_of_file(&dk__component_protos, names[i]), NULL),
            "%zu",
            i);
    }
}

Test(descriptors, the_details_of_our_errors_can_be_looked_up) {
    cr_expect(is_served("google/rpc/status.proto"));
    cr_expect(is_served("google/rpc/error_details.proto"));
    cr_expect(is_served("google/protobuf/any.proto"));
    cr_expect(
        ne(ptr,
           (void *)dk__descriptor_of_symbol(
               &dk__component_protos, dk_bytes_of("google.rpc.ErrorInfo")),
           NULL));
    cr_expect(
        ne(ptr,
           (void *)dk__descriptor_of_symbol(
               &dk__component_protos, dk_bytes_of("google.rpc.BadRequest")),
           NULL));
}
