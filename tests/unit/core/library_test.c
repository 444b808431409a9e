#include "core/library.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stddef.h>
#include <string.h>

Test(library, gives_the_functions_of_a_library_and_of_what_that_needs) {
    size_t (*length)(const char *) = NULL;
    double (*root)(double) = NULL;
    const struct dk__symbol symbols[] = {
        {"sqrt", (void *)&root}, {"strlen", (void *)&length} /* of libc, which libm needs */
    };

    const char *words = dk__library_load("libm.so.6", symbols, 2);

    cr_assert(eq(ptr, (void *)words, NULL));
    cr_expect(eq(dbl, root(49), 7));
    cr_expect(eq(sz, length("four"), 4));
}

Test(library, names_a_library_that_is_not_there) {
    const char *words = dk__library_load("libdk-nowhere.so.7", NULL, 0);

    cr_assert(ne(ptr, (void *)words, NULL));
    cr_expect(ne(ptr, strstr(words, "libdk-nowhere.so.7"), NULL));
}

Test(library, names_a_function_that_is_missing_and_leaves_its_pointer) {
    int (*function)(void) = NULL;
    const struct dk__symbol symbols[] = {{"dk_no_such_function", (void *)&function}};

    const char *words = dk__library_load("libm.so.6", symbols, 1);

    cr_assert(ne(ptr, (void *)words, NULL));
    cr_expect(ne(ptr, strstr(words, "dk_no_such_function"), NULL));
    cr_expect(eq(ptr, (void *)(size_t)function, NULL));
}
