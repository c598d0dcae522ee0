/*
 * --doctor: would mail go, and if not, what is to be done? The whole way of a message is
 * walked, each step a check of its own: configuration, secret, names, network, TLS, login,
 * sender and recipient, queue. Nothing is sent unless --send-test asks for it.
 */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "cmd/context.h"

/* Reads the configuration itself. Says each check on standard output. Returns the exit status:
 * 0 when mail would go, else that of the first failure. */
int cmd_doctor(struct context *x);

#endif
