/*
 * Three texts in Lua. Rules they share:
 *
 * - "0" as the expected version means: none expected.
 * - A write is refused when the key has a version, it is not the expected one, and there is either
 *   an expected one or a first-write mark. Refusing gives nil (a number in a transaction): an error
 *   answer always is an error of the server.
 * - The first command that writes runs under pcall: a server that is out of memory or a replica
 *   refuses it with its own word in front, and nothing has been written. Later ones cannot be
 *   refused for that, Redis lets a script that has written go on.
 * - Versions stay below 10^15, where Lua's numbers are exact.
 */
#include "statestore/redis/redis_scripts.h"

/* KEYS[1]; ARGV: expected version, value, "0" to mark or "1", seconds to live (optional, ≤ 0 takes
 * them away). 1: written; nil: refused. */
static const char set_text[] =
    "local key, want, ttl = KEYS[1], ARGV[1], ARGV[4]\n"
    "local now = redis.pcall('HMGET', key, 'version', 'first-write')\n"
    "local version, mark = now[1], now[2]\n"
    "if now.err then\n"
    "  if not string.find(now.err, 'WRONGTYPE', 1, true) then return now end\n"
    "  local gone = redis.pcall('DEL', key)\n"
    "  if type(gone) == 'table' then return gone end\n"
    "end\n"
    "local following = '1'\n"
    "if version and version ~= '' then\n"
    "  if version ~= want and (mark or want ~= '0') then return false end\n"
    "  if #version > 15 or not string.find(version, '^%d+$') then\n"
    "    return redis.error_reply('ERR the version of the key is not a countable number')\n"
    "  end\n"
    "  following = string.format('%.0f', version + 1)\n"
    "end\n"
    "local done\n"
    "if ARGV[3] == '0' then\n"
    "  done = redis.pcall('HSET', key, 'data', ARGV[2], 'version', following, 'first-write', '0')\n"
    "else\n"
    "  done = redis.pcall('HSET', key, 'data', ARGV[2], 'version', following)\n"
    "end\n"
    "if type(done) == 'table' then return done end\n"
    "if ttl then\n"
    "  if tonumber(ttl) > 0 then redis.call('EXPIRE', key, ttl)\n"
    "  else redis.call('PERSIST', key) end\n"
    "end\n"
    "return 1\n";

/* KEYS[1]; ARGV: expected version. 1 or 0: keys deleted; nil: refused. */
static const char delete_text[] =
    "local version = redis.pcall('HGET', KEYS[1], 'version')\n"
    "if type(version) == 'table' then\n"
    "  if not string.find(version.err, 'WRONGTYPE', 1, true) then return version end\n"
    "elseif version and version ~= '' and version ~= ARGV[1] and ARGV[1] ~= '0' then\n"
    "  return false\n"
    "end\n"
    "return redis.pcall('DEL', KEYS[1])\n";

/*
 * KEYS: one for each operation, in order; a key may come again. ARGV, for each operation:
 *   's' expected value · 't' expected value seconds · 'd' expected
 * 0: all written; n > 0: operation n was refused, nothing written.
 *
 * The first loop plays the operations on what it read, so that an operation sees what earlier ones
 * of the same transaction leave; the second repeats them on the data. A user's missing right is
 * found before the first write as well, where the server (7 and newer) can tell.
 */
static const char transact_text[] =
    "local seen, plan, clear, kinds = {}, {}, {}, {}\n"
    "local at = 1\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local entry = seen[key]\n"
    "  if not entry then\n"
    "    local now = redis.pcall('HMGET', key, 'version', 'first-write')\n"
    "    if now.err and not string.find(now.err, 'WRONGTYPE', 1, true) then return now end\n"
    "    entry = {version = now[1], mark = now[2], other = now.err}\n"
    "    if entry.version == '' then entry.version = false end\n"
    "    seen[key] = entry\n"
    "  end\n"
    "  local kind, want = ARGV[at], ARGV[at + 1]\n"
    "  kinds[kind] = key\n"
    "  if entry.version and entry.version ~= want and\n"
    "     (want ~= '0' or (entry.mark and kind ~= 'd')) then\n"
    "    return i\n"
    "  end\n"
    "  if kind == 'd' then\n"
    "    entry.version, entry.mark, entry.other = false, false, nil\n"
    "    at = at + 2\n"
    "  else\n"
    "    local following = '1'\n"
    "    if entry.version then\n"
    "      if #entry.version > 15 or not string.find(entry.version, '^%d+$') then\n"
    "        return redis.error_reply('ERR the version of a key is not a countable number')\n"
    "      end\n"
    "      following = string.format('%.0f', entry.version + 1)\n"
    "    end\n"
    "    plan[i], clear[i] = following, entry.other\n"
    "    entry.version, entry.other = following, nil\n"
    "    at = at + (kind == 't' and 4 or 3)\n"
    "  end\n"
    "end\n"
    "if redis.acl_check_cmd then\n"
    "  local may = redis.acl_check_cmd\n"
    "  local some = kinds.s or kinds.t\n"
    "  if (kinds.d and not may('DEL', kinds.d)) or (some and not may('HSET', some, 'a', 'b')) or\n"
    "     (next(clear) and not may('DEL', some)) or\n"
    "     (kinds.t and not (may('EXPIRE', kinds.t, '1') and may('PERSIST', kinds.t))) then\n"
    "    return redis.error_reply('NOPERM the transaction needs HSET, DEL, EXPIRE and PERSIST')\n"
    "  end\n"
    "end\n"
    "at = 1\n"
    "local function write(...)\n"
    "  local done = redis.pcall(...)\n"
    "  return type(done) == 'table' and done or nil\n"
    "end\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local kind, failed = ARGV[at], nil\n"
    "  if kind == 'd' then\n"
    "    failed = write('DEL', key)\n"
    "    at = at + 2\n"
    "  else\n"
    "    if clear[i] then failed = write('DEL', key) end\n"
    "    failed = failed or write('HSET', key, 'data', ARGV[at + 2], 'version', plan[i])\n"
    "    if kind == 't' and not failed then\n"
    "      if tonumber(ARGV[at + 3]) > 0 then failed = write('EXPIRE', key, ARGV[at + 3])\n"
    "      else failed = write('PERSIST', key) end\n"
    "    end\n"
    "    at = at + (kind == 't' and 4 or 3)\n"
    "  end\n"
    "  if failed then return failed end\n"
    "end\n"
    "return 0\n";

struct dk_bytes redis_script_text(enum redis_script script) {
    static const struct dk_bytes texts[REDIS_SCRIPTS] = {
        [REDIS_SCRIPT_SET] = {set_text, sizeof set_text - 1},
        [REDIS_SCRIPT_DELETE] = {delete_text, sizeof delete_text - 1},
        [REDIS_SCRIPT_TRANSACT] = {transact_text, sizeof transact_text - 1},
    };
    return texts[script];
}
