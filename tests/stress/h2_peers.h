#ifndef TESTS_STRESS_H2_PEERS_H
#define TESTS_STRESS_H2_PEERS_H

/*
 * The peers of h2_stress.c. Good ones check every answer they get; bad ones do what the server must
 * survive, and end when it ends them or when they have done their rounds.
 *
 * Thread: each function runs on one of its own, with a struct peer.
 */
struct peer {
    const char *path; /* of the server's socket */
    unsigned seed;    /* so that two of a kind differ */
    /* Of a good one, at its end. */
    unsigned answered, late, cancelled;
    /* Of a bad one: connections it made, and those that the server ended. */
    unsigned connections, ended;
};

enum { PEER_CALLS = 1200 }; /* of a good one; answered, late and cancelled make them up */

void *peer_good(void *context);
void *peer_resets(void *context); /* opens calls and resets them, as fast as it can */
void *peer_halves(void *context); /* announces messages and sends a part of them */
void *peer_deaf(void *context);   /* asks for much and never reads */
void *peer_stingy(void *context); /* reads, and opens no window */
void *peer_comes(void *context);  /* comes, says something or nothing, and goes */

#endif /* TESTS_STRESS_H2_PEERS_H */
