#ifndef DK_SERVE_NOTIFY_H
#define DK_SERVE_NOTIFY_H

/*
 * Tells a service manager where the process is in its life, when NOTIFY_SOCKET asks for it.
 * Source: sd_notify(3), the protocol in its notes: one datagram of "KEY=value" lines.
 *
 * `state`: "READY=1", "STOPPING=1" or "STATUS=…". Best effort: nothing is reported back.
 * Thread: main.
 */
void dk__notify(const char *state);

#endif /* DK_SERVE_NOTIFY_H */
