/* Tying a socket to a network interface: one file for each way that a system has. */
#ifndef NET_INTERFACE_H
#define NET_INTERFACE_H

/* What the socket sends leaves by the interface of that name alone. Returns 0 or -1 with errno:
 * ENODEV when there is none, ENOSYS where the system cannot do it. */
int interface_bind(int fd, const char *name);

#endif
