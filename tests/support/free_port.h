#ifndef TESTS_SUPPORT_FREE_PORT_H
#define TESTS_SUPPORT_FREE_PORT_H

/*
 * A port of 127.0.0.1 that nobody listens on and nobody is given for a minute: only a server that
 * asks for it by number, with SO_REUSEADDR as servers have it, gets it. 0 when there is none.
 *
 * A port that was merely free at the moment is not enough: before the server of a test takes it, a
 * client of another test may have been given it for its end of a connection.
 *
 * Thread: any.
 */
int free_port(void);

#endif /* TESTS_SUPPORT_FREE_PORT_H */
