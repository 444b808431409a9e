// dk-sqlite: a state store in C++ on SQLite, built against the installed SDK.
//
// SQLite answers in microseconds and waits for the disk in milliseconds. So everything runs on the loop, as the
// SDK wants it, and what waits is shared: the first write of a turn begins a transaction, every write of the turn is
// a savepoint in it, and the end of the turn commits them all at once. Nobody has an answer before that: sixty-four
// callers pay one fsync, and each is told the truth.
#include <dk/serve.h>
#include <dk/state.h>

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace {

constexpr int64_t sweep_interval_us = 60'000'000;
constexpr int sweep_rows_max = 1000; // so that no turn takes long

enum Statement {
    READ,
    WRITE,
    REMOVE,
    SWEEP,
    BEGIN,
    SAVEPOINT,
    RELEASE,
    UNDO,
    COMMIT,
    ROLLBACK,
    STATEMENTS
};

// %w is the table, quoted. A key is a blob: compared byte by byte, whatever is in it.
constexpr std::array<const char *, STATEMENTS> sql = {
    "SELECT value, etag, expires_ms FROM \"%w\" WHERE key = ?1 AND (expires_ms = 0 OR expires_ms > "
    "?2)",
    "INSERT OR REPLACE INTO \"%w\" (key, value, etag, expires_ms) VALUES (?1, ?2, "
    "lower(hex(randomblob(8))), ?3)",
    "DELETE FROM \"%w\" WHERE key = ?1",
    "DELETE FROM \"%w\" WHERE key IN (SELECT key FROM \"%w\" WHERE expires_ms BETWEEN 1 AND ?1 "
    "LIMIT ?2)",
    "BEGIN IMMEDIATE",
    "SAVEPOINT step",
    "RELEASE step",
    "ROLLBACK TO step",
    "COMMIT",
    "ROLLBACK",
};

constexpr const char *schema = "CREATE TABLE IF NOT EXISTS \"%w\" (key BLOB PRIMARY KEY, value "
                               "BLOB NOT NULL, etag TEXT NOT NULL, expires_ms INTEGER NOT NULL)"
                               " WITHOUT ROWID; CREATE INDEX IF NOT EXISTS \"%w_expires\" ON "
                               "\"%w\" (expires_ms) WHERE expires_ms > 0";

struct Config {
    const char *file;
    const char *table;
    int64_t busy_ms;
};

// A reply that waits for the end of the turn. Lies in its call's own memory.
struct Waiting {
    Waiting *next;
    dk_reply *reply;
};

// What the SDK allocates for an Init, zeroed; its head comes first.
struct Store {
    dk_instance base;
    sqlite3 *database;
    std::array<sqlite3_stmt *, STATEMENTS> statements;
    dk_deferred turn_end;
    dk_timer sweep;
    Waiting *first, **end;
    bool in_transaction;
};

Store *store_of(dk_instance *instance) {
    return reinterpret_cast<Store *>(instance);
}

template <typename Member> Store *holder_of(Member *member, size_t offset) {
    return reinterpret_cast<Store *>(reinterpret_cast<char *>(member) - offset);
}

dk_error error_of(int code) {
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
        return DK_EXHAUSTED;
    case SQLITE_TOOBIG:
        return DK_TOO_LARGE;
    case SQLITE_AUTH:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return DK_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
        return DK_INTERNAL;
    default:
        return DK_UNAVAILABLE; // busy, locked, an I/O error: later may be better
    }
}

dk_error fail(Store *store, dk_fault *fault) {
    return dk_fault_set(
        fault,
        error_of(sqlite3_extended_errcode(store->database)),
        "sqlite: %s",
        sqlite3_errmsg(store->database));
}

// One use of a prepared statement: bound, stepped, and reset when it goes.
class Query {
  public:
    Query(Store *store, Statement which) : store_(store), statement_(store->statements[which]) {
    }
    Query(const Query &) = delete;
    Query &operator=(const Query &) = delete;
    ~Query() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

    Query &bind(int at, dk_bytes bytes) {
        sqlite3_bind_blob64(
            statement_, at, bytes.size == 0 ? "" : bytes.data, bytes.size, SQLITE_STATIC);
        return *this;
    }
    Query &bind(int at, int64_t number) {
        sqlite3_bind_int64(statement_, at, number);
        return *this;
    }
    // Whether there is a row; one that could not be read is not one that is not there.
    dk_error find(bool *ret_found, dk_fault *fault) {
        const int code = sqlite3_step(statement_);
        *ret_found = code == SQLITE_ROW;
        return code == SQLITE_ROW || code == SQLITE_DONE ? DK_OK : fail(store_, fault);
    }
    dk_error run(dk_fault *fault) {
        return sqlite3_step(statement_) == SQLITE_DONE ? DK_OK : fail(store_, fault);
    }

    dk_bytes bytes(int column) {
        const auto *data = static_cast<const char *>(sqlite3_column_blob(statement_, column));
        return {
            data == nullptr ? "" : data,
            static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
    }
    int64_t number(int column) {
        return sqlite3_column_int64(statement_, column);
    }

  private:
    Store *store_;
    sqlite3_stmt *statement_;
};

dk_error run(Store *store, Statement which, dk_fault *fault) {
    return Query(store, which).run(fault);
}

// ── one step of a write ─────────────────────────────────────────────────────────────────────────

// Dapr's rules: an etag must be the stored one; first-write without an etag wants no value there.
dk_error may_write(
    Store *store, dk_bytes key, dk_bytes etag, dk_concurrency concurrency, dk_fault *fault) {
    if (etag.data == nullptr && concurrency != DK_FIRST_WRITE) {
        return DK_OK;
    }
    Query query(store, READ);
    bool exists = false;
    if (query.bind(1, key).bind(2, dk_clock_ms()).find(&exists, fault) != DK_OK) {
        return fault->error;
    }
    if (etag.data == nullptr) {
        return exists ? dk_fault_set(
                            fault, DK_ETAG_MISMATCH, "sqlite: first-write, but the key exists")
                      : DK_OK;
    }
    return exists && dk_bytes_equal(query.bytes(1), etag) ? DK_OK
                                                          : dk_fault_set(
                                                                fault,
                                                                DK_ETAG_MISMATCH,
                                                                "sqlite: the etag '%.*s' is stale",
                                                                static_cast<int>(etag.size),
                                                                etag.data);
}

dk_error apply(Store *store, const dk_set &set, dk_fault *fault) {
    bool has_ttl = false;
    int64_t ttl_s = 0;
    if (dk_ttl_parse(set.metadata, &has_ttl, &ttl_s, fault) != DK_OK ||
        may_write(store, set.key, set.etag, set.concurrency, fault) != DK_OK) {
        return fault->error;
    }
    const int64_t expires_ms = has_ttl && ttl_s > 0 ? dk_clock_ms() + ttl_s * 1000 : 0;
    return Query(store, WRITE).bind(1, set.key).bind(2, set.value).bind(3, expires_ms).run(fault);
}

dk_error apply(Store *store, const dk_delete &remove, dk_fault *fault) {
    if (may_write(store, remove.key, remove.etag, remove.concurrency, fault) != DK_OK) {
        return fault->error;
    }
    return Query(store, REMOVE).bind(1, remove.key).run(fault);
}

dk_error apply(Store *store, const dk_transact &transaction, dk_fault *fault) {
    for (size_t i = 0; i < transaction.count && fault->error == DK_OK; i++) {
        const dk_operation &step = transaction.operations[i];
        step.is_delete ? apply(store, step.remove, fault) : apply(store, step.set, fault);
    }
    return fault->error;
}

// ── the turn ────────────────────────────────────────────────────────────────────────────────────

void wait_for_turn_end(Store *store, dk_reply *reply) {
    auto *waiting = static_cast<Waiting *>(dk_reply_take(reply, sizeof(Waiting)));
    if (waiting ==
        nullptr) { // what it wrote is committed with the rest, which an error does not deny
        dk_reply_fail(reply, DK_EXHAUSTED, "sqlite: the call's memory is used up");
        return;
    }
    waiting->reply = reply;
    *store->end = waiting;
    store->end = &waiting->next;
}

void on_turn_end(dk_deferred *deferred) {
    Store *store = holder_of(deferred, offsetof(Store, turn_end));
    dk_fault fault = {};
    if (run(store, COMMIT, &fault) != DK_OK) {
        dk_fault ignored = {};
        run(store, ROLLBACK, &ignored); // SQLite may have done it already
    }
    store->in_transaction = false;
    Waiting *next = store->first;
    store->first = nullptr;
    store->end = &store->first;
    while (next != nullptr) {
        dk_reply *const reply = next->reply;
        next = next->next; // its memory goes with the reply
        fault.error == DK_OK ? dk_reply_ok(reply) : dk_reply_fault(reply, &fault);
    }
}

dk_error begin(Store *store, dk_fault *fault) {
    if (!store->in_transaction) {
        if (run(store, BEGIN, fault) != DK_OK) {
            return fault->error;
        }
        store->in_transaction = true;
        dk_defer(store->base.loop, &store->turn_end);
    }
    return run(store, SAVEPOINT, fault);
}

template <typename Request>
void write(dk_instance *instance, const Request *request, dk_reply *reply) noexcept {
    Store *store = store_of(instance);
    dk_fault fault = {};
    if (begin(store, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    if (apply(store, *request, &fault) == DK_OK && run(store, RELEASE, &fault) == DK_OK) {
        wait_for_turn_end(store, reply);
        return;
    }
    dk_fault ignored = {};
    run(store, UNDO, &ignored);
    run(store, RELEASE, &ignored);
    dk_reply_fault(reply, &fault);
}

void get(dk_instance *instance, const dk_get *request, dk_reply *reply) noexcept {
    Store *store = store_of(instance);
    Query query(store, READ);
    dk_fault fault = {};
    bool exists = false;
    if (query.bind(1, request->key).bind(2, dk_clock_ms()).find(&exists, &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    if (exists) {
        const dk_item item = {
            .data = query.bytes(0), .etag = query.bytes(1), .expires_ms = query.number(2)};
        dk_reply_item(reply, &item);
    }
    if (store->in_transaction) { // it has seen what is not committed yet
        wait_for_turn_end(store, reply);
    } else {
        dk_reply_ok(reply);
    }
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

void on_sweep(dk_timer *timer) {
    Store *store = holder_of(timer, offsetof(Store, sweep));
    dk_fault ignored = {}; // another process may be writing; the next sweep comes
    Query(store, SWEEP).bind(1, dk_clock_ms()).bind(2, int64_t{sweep_rows_max}).run(&ignored);
    (void)dk_timer_set(store->base.loop, timer, sweep_interval_us);
}

dk_error prepare(Store *store, const char *table, dk_fault *fault) {
    for (size_t i = 0; i < STATEMENTS; i++) {
        char *text = sqlite3_mprintf(sql[i], table, table);
        const int code = text == nullptr ? SQLITE_NOMEM
                                         : sqlite3_prepare_v3(
                                               store->database,
                                               text,
                                               -1,
                                               SQLITE_PREPARE_PERSISTENT,
                                               &store->statements[i],
                                               nullptr);
        sqlite3_free(text);
        if (code != SQLITE_OK) {
            return fail(store, fault);
        }
    }
    return DK_OK;
}

dk_error open_file(Store *store, const Config *config, dk_fault *fault) {
    constexpr int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(config->file, &store->database, flags, nullptr) != SQLITE_OK) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "sqlite: connectionString: '%s': %s",
            config->file,
            sqlite3_errmsg(store->database));
    }
    sqlite3_busy_timeout(store->database, static_cast<int>(config->busy_ms));
    char *text = sqlite3_mprintf(schema, config->table, config->table, config->table);
    const bool made =
        text != nullptr &&
        sqlite3_exec(store->database, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr) ==
            SQLITE_OK &&
        sqlite3_exec(store->database, text, nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_free(text);
    return made ? prepare(store, config->table, fault) : fail(store, fault);
}

void open(dk_instance *instance, dk_reply *reply) noexcept {
    Store *store = store_of(instance);
    dk_fault fault = {};
    store->end = &store->first;
    store->turn_end.on_turn_end = on_turn_end;
    store->sweep.on_due = on_sweep;
    if (open_file(store, static_cast<const Config *>(instance->configuration), &fault) != DK_OK) {
        dk_reply_fault(reply, &fault);
    } else if (dk_timer_set(instance->loop, &store->sweep, sweep_interval_us) != DK_OK) {
        dk_reply_fail(reply, DK_EXHAUSTED, "sqlite: no timer for the sweep");
    } else {
        dk_reply_ok(reply);
    }
}

void close(dk_instance *instance) noexcept {
    Store *store = store_of(instance);
    if (store->in_transaction) { // calls of this very turn
        dk_defer_stop(instance->loop, &store->turn_end);
        on_turn_end(&store->turn_end);
    }
    dk_timer_stop(instance->loop, &store->sweep);
    for (sqlite3_stmt *statement : store->statements) {
        sqlite3_finalize(statement);
    }
    sqlite3_close(store->database);
}

const dk_option options[] = {
    {.name = "connectionString",
     .type = DK_TEXT,
     .where = DK_FIELD(Config, file, const char *),
     .max = 4096,
     .flags = DK_REQUIRED,
     .help = "The database's file, or a URI that SQLite understands (\"file:data.db?mode=rwc\")."},
    {.name = "tableName",
     .type = DK_TEXT,
     .where = DK_FIELD(Config, table, const char *),
     .default_text = "dk_state",
     .max = 64,
     .help = "The table; it is made when it is not there."},
    {.name = "busyTimeout",
     .type = DK_DURATION_MS,
     .where = DK_FIELD(Config, busy_ms, int64_t),
     .default_text = "100ms",
     .max = 5000,
     .help = "How long a write waits for another process' write. Everybody waits with it."},
    DK_OPTION_END,
};

const dk_state_backend sqlite_store = {
    .base =
        {
            .name = "dk-sqlite",
            .title = "SQLite (dapr-kit example)",
            .summary = "Keeps state in a file of SQLite.",
            .options = options,
            .config_size = sizeof(Config),
            .instance_size = sizeof(Store),
            .open = open,
            .close = close,
        },
    .features = DK_STATE_ETAG | DK_STATE_TTL,
    .get = get,
    .set = write<dk_set>,
    .remove = write<dk_delete>,
    .transact = write<dk_transact>,
};

} // namespace

int main(int argc, char **argv) {
    const dk_service services[] = {
        {.name = "dk-sqlite", .backends = {.state = &sqlite_store}, .version = "1.0.0"},
        {},
    };
    return dk_serve(argc, argv, services);
}
