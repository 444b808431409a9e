#ifndef CLIENTS_REDIS_ERROR_H
#define CLIENTS_REDIS_ERROR_H

#include <dk/error.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>

/*
 * What an error answer of Redis means. Pure.
 */

/* True for an error answer that begins with this word ("NOSCRIPT", "READONLY"). */
bool redis_reply_is(const struct redisReply *reply, const char *word);

/* The class of an error answer: DENIED for rights and passwords, UNAVAILABLE for a server that
 * cannot now (LOADING, READONLY, MASTERDOWN, …), EXHAUSTED for OOM, TOO_LARGE for TOOLARGE, UNSUPPORTED for a cluster's
 * redirections, INTERNAL for the rest. NULL is UNAVAILABLE: the connection ended first. */
enum dk_error redis_error_of(const struct redisReply *reply);

/* The class with its words: the server's own text after a hint that names the property to look
 * at. `reply` is an error answer. */
enum dk_error redis_fault_of(const struct redisReply *reply, struct dk_fault *fault);

#endif /* CLIENTS_REDIS_ERROR_H */
